import { describe, expect, it } from 'vitest';
import { certificateFileName } from './signing-certificate-url.js';

const FILE = 'SimpleNotificationService-0123456789abcdef0123456789abcdef.pem';
const GOOD = `https://sns.eu-west-1.amazonaws.com/${FILE}`;

describe('the URL of a signing certificate', () => {
  it.each([
    GOOD,
    `https://sns.us-gov-west-1.amazonaws.com/${FILE}`,
    `https://sns.cn-north-1.amazonaws.com.cn/${FILE}`,
    `https://sns.eu-west-1.amazonaws.com:443/${FILE}`,
  ])('is taken: %s', (url) => {
    expect(certificateFileName(url)).toBe(FILE);
    expect(new URL(url).pathname).toBe(`/${FILE}`);
  });

  const hostile = [
    // Another scheme.
    `http://sns.eu-west-1.amazonaws.com/${FILE}`,
    `HTTPS://sns.eu-west-1.amazonaws.com/${FILE}`,
    `ftp://sns.eu-west-1.amazonaws.com/${FILE}`,
    `file:///sns.eu-west-1.amazonaws.com/${FILE}`,
    `//sns.eu-west-1.amazonaws.com/${FILE}`,
    `sns.eu-west-1.amazonaws.com/${FILE}`,
    `https:/sns.eu-west-1.amazonaws.com/${FILE}`,
    `https:sns.eu-west-1.amazonaws.com/${FILE}`,
    `https:\\\\sns.eu-west-1.amazonaws.com\\${FILE}`,
    'data:application/x-pem-file,x',
    'javascript:0',
    '',
    // Another host.
    `https://sns.us-east-1.amazonaws.com.evil.example/${FILE}`,
    `https://evil.example/sns.us-east-1.amazonaws.com/${FILE}`,
    `https://evil.example/${FILE}`,
    `https://evilsns.us-east-1.amazonaws.com/${FILE}`,
    `https://x.sns.us-east-1.amazonaws.com/${FILE}`,
    `https://sns.us-east-1.evil-amazonaws.com/${FILE}`,
    `https://sns.us-east-1.s3.amazonaws.com/${FILE}`,
    `https://sns.s3.us-east-1.amazonaws.com/${FILE}`,
    `https://sns-us-east-1.amazonaws.com/${FILE}`,
    `https://sns.amazonaws.com/${FILE}`,
    `https://sns.s3.amazonaws.com.evil.example/${FILE}`,
    `https://sns.x.amazonaws.com/${FILE}`,
    `https://sns..amazonaws.com/${FILE}`,
    `https://sns.us-east-1.amazonaws.com.cn.evil.example/${FILE}`,
    `https://sns.us-east-1.amazonaws.co/${FILE}`,
    `https://sns.us-east-1.amazonawsxcom/${FILE}`,
    `https://snsxus-east-1.amazonaws.com/${FILE}`,
    `https://SNS.us-east-1.amazonaws.com/${FILE}`,
    `https://sns.US-EAST-1.amazonaws.com/${FILE}`,
    `https://sns.us-east-1.amazonaws.com./${FILE}`,
    `https://sns.us_east_1.amazonaws.com/${FILE}`,
    `https://sns.us-east-1%2eamazonaws.com/${FILE}`,
    `https://sns.us-\u00e9ast-1.amazonaws.com/${FILE}`,
    `https://sns\u3002us-east-1.amazonaws.com/${FILE}`,
    `https://127.0.0.1/${FILE}`,
    `https://[::1]/${FILE}`,
    `https://169.254.169.254/${FILE}`,
    // User, port, query, fragment.
    `https://user@sns.us-east-1.amazonaws.com/${FILE}`,
    `https://user:pass@sns.us-east-1.amazonaws.com/${FILE}`,
    `https://sns.us-east-1.amazonaws.com@evil.example/${FILE}`,
    `https://sns.us-east-1.amazonaws.com\\@evil.example/${FILE}`,
    `https://sns.us-east-1.amazonaws.com#@evil.example/${FILE}`,
    `https://sns.us-east-1.amazonaws.com:8443/${FILE}`,
    `https://sns.us-east-1.amazonaws.com:/${FILE}`,
    `https://sns.us-east-1.amazonaws.com:0443/${FILE}`,
    `https://sns.us-east-1.amazonaws.com:443:443/${FILE}`,
    `${GOOD}?x=.pem`,
    `${GOOD}?`,
    `${GOOD}#.pem`,
    `${GOOD}#`,
    `https://sns.us-east-1.amazonaws.com/?${FILE}`,
    // Another path.
    'https://sns.us-east-1.amazonaws.com/',
    'https://sns.us-east-1.amazonaws.com',
    'https://sns.us-east-1.amazonaws.com/SimpleNotificationService.pem',
    'https://sns.us-east-1.amazonaws.com/SimpleNotificationService-.pem',
    'https://sns.us-east-1.amazonaws.com/SimpleNotificationService-xyz.pem',
    'https://sns.us-east-1.amazonaws.com/SimpleNotificationService-0A.pem',
    `https://sns.us-east-1.amazonaws.com/SimpleNotificationService-${'a'.repeat(65)}.pem`,
    'https://sns.us-east-1.amazonaws.com/SimpleNotificationService-0a.pem.pem',
    'https://sns.us-east-1.amazonaws.com/SimpleNotificationService-0a.pem/',
    'https://sns.us-east-1.amazonaws.com/SimpleNotificationService-0a.pem;x',
    'https://sns.us-east-1.amazonaws.com/SimpleNotificationService-0axpem',
    'https://sns.us-east-1.amazonaws.com/SimpleNotificationService-%30a.pem',
    'https://sns.us-east-1.amazonaws.com/SimpleNotificationService-0a.pem%00',
    'https://sns.us-east-1.amazonaws.com/SimpleNotificationService-0a/../../x.pem',
    `https://sns.us-east-1.amazonaws.com//${FILE}`,
    `https://sns.us-east-1.amazonaws.com/./${FILE}`,
    `https://sns.us-east-1.amazonaws.com/x/../${FILE}`,
    `https://sns.us-east-1.amazonaws.com/..%2f${FILE}`,
    `https://sns.us-east-1.amazonaws.com/bucket/${FILE}`,
    `https://sns.us-east-1.amazonaws.com/?Action=Publish&x=/${FILE}`,
    `https://sns.us-east-1.amazonaws.com\\${FILE}`,
    // What URL parsers drop without a word.
    ` ${GOOD}`,
    `${GOOD} `,
    `${GOOD}\n`,
    `\t${GOOD}`,
    `https://sns.us-east-1\n.amazonaws.com/${FILE}`,
    `https://sns.us-east-1.amazonaws.com/\r${FILE}`,
    `${GOOD}\u0000`,
    `https://evil.example/\n${GOOD}`,
    `${GOOD}\nhttps://evil.example/`,
  ];

  it.each(hostile)('is refused: %j', (url) => {
    expect(certificateFileName(url)).toBeNull();
  });
});
