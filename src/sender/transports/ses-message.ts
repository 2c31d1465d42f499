import type { MessageTag, SendEmailCommandInput } from '@aws-sdk/client-sesv2';
import { type CheckedMail, checkMail, refusal } from './checked-mail.js';
import { isEncodedAlike } from './header-text.js';
import { mailboxText } from './mailbox.js';
import { composeMime } from './mime.js';
import { type Mail } from './transport.js';

const CHARSET = 'UTF-8';

/** What SES takes in `Content.Simple`; the API reference says 870, the SDK 995. */
const SIMPLE = { headers: 15, valueCharacters: 870, mailboxCharacters: 320 };

const MAX_TAGS = 50;

/**
 * The mail as SES takes it. `Content.Simple` leaves the MIME to SES, for composing it costs about a millisecond of CPU per mail;
 * what it would refuse or change goes as `Content.Raw`. SES writes its own Message-ID over ours in either case.
 */
export async function composeSes(mail: Mail, configurationSet: string | null): Promise<SendEmailCommandInput> {
  const checked = checkMail(mail);
  const common = {
    Destination: { ToAddresses: [mail.to] },
    EmailTags: tagsOf(mail),
    ...(configurationSet === null ? {} : { ConfigurationSetName: configurationSet }),
  };
  if (!isSimple(mail, checked)) {
    const { envelope, raw } = await composeMime(mail);
    return { ...common, FromEmailAddress: envelope.from, Content: { Raw: { Data: raw } } };
  }
  const { from, replyTo, headers } = checked;
  return {
    ...common,
    FromEmailAddress: mailboxText(from),
    ...(replyTo === null ? {} : { ReplyToAddresses: [mailboxText(replyTo)] }),
    Content: {
      Simple: {
        Subject: { Data: mail.subject, Charset: CHARSET },
        Body: {
          Html: { Data: mail.html, Charset: CHARSET },
          ...(mail.text === undefined ? {} : { Text: { Data: mail.text, Charset: CHARSET } }),
        },
        Headers: headers.map(([Name, Value]) => ({ Name, Value })),
      },
    },
  };
}

function isSimple({ subject }: Mail, { from, replyTo, headers }: CheckedMail): boolean {
  return (
    headers.length <= SIMPLE.headers &&
    headers.every(([, value]) => value.length <= SIMPLE.valueCharacters) &&
    [from, replyTo].every((mailbox) => !mailbox || mailboxText(mailbox).length <= SIMPLE.mailboxCharacters) &&
    // SES would take it for a subject that is encoded already.
    !isEncodedAlike(subject) &&
    subject.trim() !== ''
  );
}

/** SES refuses the whole mail for one tag outside of its characters, and for an empty one: the empty topic is none. */
function tagsOf({ id, topicId, tags = {} }: Mail): MessageTag[] {
  const own = { request_id: id, ...(topicId === '' ? {} : { topic_id: topicId }) };
  const all = Object.entries({ ...tags, ...own });
  if (all.length < Object.keys(tags).length + Object.keys(own).length) throw refusal('a tag has a name of ours');
  if (all.length > MAX_TAGS) throw refusal(`there are more than ${MAX_TAGS} tags`);
  return all.map(([Name, Value]) => {
    if (![Name, Value].every((text) => /^[A-Za-z0-9_-]{1,256}$/.test(text))) {
      throw refusal(`the tag ${JSON.stringify(Name)} has characters that SES does not take`);
    }
    return { Name, Value };
  });
}
