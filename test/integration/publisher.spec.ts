import { type NatsConnection, RetentionPolicy } from 'nats';
import { expect, it, onTestFinished } from 'vitest';
import { newId } from '../../src/contracts/ids.js';
import type { Publication } from '../../src/jetstream/publish-order.js';
import { Publisher } from '../../src/jetstream/publisher.js';
import { eventually } from '../support/eventually.js';
import { NatsServer } from '../support/nats-server.js';
import { ownStream } from '../support/own-stream.js';

/** More than one window. */
const MANY = 3_000;

const payload = Buffer.from('payload');

function emails(count: number): Publication[] {
  return Array.from({ length: count }, () => ({ emailId: newId(), generation: 0, payload }));
}

/** A publisher on a stream of its own, and a connection beside it. */
async function setup(servers?: string) {
  const { name, config, service, beside, manager } = await ownStream(servers);
  const publisher = new Publisher(service);
  const publish = (publications: readonly Publication[]) => publisher.publish(publications, publications.length).done;
  const stored = async () => (await manager.streams.info(name)).state.messages;
  return { name, config, publisher, publish, stored, beside, manager };
}

const all = (count: number, result: string) => new Array<string>(count).fill(result);

/** Instead of the stream somebody answers on its subject, each time with the next of these. */
async function answerInstead(beside: NatsConnection, subject: string, answers: (string | null)[]): Promise<void> {
  let next = 0;
  beside.subscribe(subject, {
    callback: (_error, message) => {
      const answer = answers[next++ % answers.length];
      if (answer !== null) message.respond(answer);
    },
  });
  await beside.flush();
}

it('publishes many windows in order, each email once', async () => {
  const { publish, manager, name } = await setup();
  const publications = emails(MANY);
  expect(await publish(publications)).toEqual(all(MANY, 'acknowledged'));
  const { state } = await manager.streams.info(name);
  expect(state.messages).toBe(MANY);
  for (const seq of [1, 2_000, MANY]) {
    const { header } = await manager.streams.getMessage(name, { seq });
    expect(header.get('Nats-Msg-Id')).toBe(`${publications[seq - 1].emailId}:0`);
    expect(header.get('Generation')).toBe('0');
  }
});

it('takes orders at the same time, one after the other', async () => {
  const { publish, manager, name } = await setup();
  const [first, second] = [emails(MANY), emails(MANY)];
  const results = await Promise.all([publish(first), publish(second), publish([])]);
  expect(results).toEqual([all(MANY, 'acknowledged'), all(MANY, 'acknowledged'), []]);
  const { header } = await manager.streams.getMessage(name, { seq: MANY + 1 });
  expect(header.get('Nats-Msg-Id')).toBe(`${second[0].emailId}:0`);
});

it('counts what the stream knows already as acknowledged, and does not store it again', async () => {
  const { publish, stored } = await setup();
  const publications = emails(100);
  await publish(publications);
  expect(await publish(publications)).toEqual(all(100, 'acknowledged'));
  expect(await stored()).toBe(100);
});

it('says which emails are too large for the server, and publishes the others', async () => {
  const { publish, stored, beside } = await setup();
  const publications = emails(5);
  publications[1].payload = Buffer.alloc(beside.info!.max_payload);
  expect(await publish(publications)).toEqual([
    'acknowledged',
    'too_large',
    'acknowledged',
    'acknowledged',
    'acknowledged',
  ]);
  expect(await stored()).toBe(4);
});

it('starts nothing more once the stream refuses, and stores nothing twice when it takes again', async () => {
  const { publish, manager, name, publisher, stored } = await setup();
  const { config } = await manager.streams.info(name);
  await manager.streams.update(name, { ...config, max_msgs: 100 });
  const publications = emails(MANY);
  const results = await publish(publications);
  // Of those that share an answer subject with a refused one nobody knows.
  const known = results.indexOf('unacknowledged');
  expect(known).toBeGreaterThan(0);
  expect(known).toBeLessThanOrEqual(100);
  expect(results).toEqual([...all(known, 'acknowledged'), ...all(MANY - known, 'unacknowledged')]);
  expect(await stored()).toBe(100);
  const order = publisher.publish(emails(1), 1);
  expect(await order.done).toEqual(['unacknowledged']);
  expect(order.open).toBe(1);
  await manager.streams.update(name, { ...config, max_msgs: -1 });
  expect(await publish(publications.slice(known))).toEqual(all(MANY - known, 'acknowledged'));
  expect(await stored()).toBe(MANY);
});

it('goes on with a stream that was made anew behind its back', async () => {
  const { publish, manager, name, stored } = await setup();
  await publish(emails(100));
  const { config } = await manager.streams.info(name);
  await manager.streams.delete(name);
  await manager.streams.add(config);
  expect(await publish(emails(100))).toEqual(all(100, 'acknowledged'));
  expect(await publish(emails(100))).toEqual(all(100, 'acknowledged'));
  expect(await stored()).toBe(200);
});

it('takes a second acknowledgement of one email for no other', async () => {
  const { publish, manager, name, beside, config } = await setup();
  await manager.streams.delete(name);
  let seq = 0;
  beside.subscribe(config.subject, {
    callback: (_error, message) => {
      // The first email is acknowledged twice, the second not at all.
      if (seq++ > 0) return;
      for (let time = 0; time < 2; time++) message.respond(JSON.stringify({ stream: name, seq }));
    },
  });
  await beside.flush();
  expect(await publish(emails(2))).toEqual(all(2, 'unacknowledged'));
});

it('makes the stream anew when nobody listens to the subject', async () => {
  const { publish, publisher, manager, name, stored } = await setup();
  await manager.streams.delete(name);
  expect(await publish(emails(MANY))).toEqual(all(MANY, 'unacknowledged'));
  await publisher.rechecked();
  expect(await publish(emails(MANY))).toEqual(all(MANY, 'acknowledged'));
  expect(await stored()).toBe(MANY);
});

it('takes no acknowledgement from another stream that listens to our subject', async () => {
  const { publish, manager, name, config } = await setup();
  await manager.streams.delete(name);
  const other = `${name}_other`;
  await manager.streams.add({ name: other, subjects: [config.subject], retention: RetentionPolicy.Limits });
  onTestFinished(async () => void (await manager.streams.delete(other)));
  expect(await publish(emails(10))).toEqual(all(10, 'unacknowledged'));
  expect((await manager.streams.info(other)).state.messages).toBe(0);
});

it('takes nothing for an acknowledgement that is none of our stream', async () => {
  const { publish, manager, name, beside, config } = await setup();
  await manager.streams.delete(name);
  await answerInstead(beside, config.subject, [
    '{"stream":"another","seq":1}',
    '',
    '{"stream"',
    'null',
    `{"error":{"code":503,"description":"no"},"stream":${JSON.stringify(name)},"seq":1}`,
  ]);
  expect(await publish(emails(5))).toEqual(all(5, 'unacknowledged'));
});

it('takes no second answer to an email for the answer to a later one', async () => {
  const { publish, manager, name, beside, config } = await setup();
  await manager.streams.delete(name);
  const replies: string[] = [];
  const ack = JSON.stringify({ stream: name, seq: 1 });
  beside.subscribe(config.subject, {
    callback: (_error, message) => {
      // The first email gets an answer that is none, and its acknowledgement only while the second awaits one.
      if (replies.push(message.reply!) === 1) message.respond('null');
      else beside.publish(replies[0], ack);
    },
  });
  await beside.flush();
  expect(await publish(emails(1))).toEqual(['unacknowledged']);
  expect(await publish(emails(1))).toEqual(['unacknowledged']);
});

it('understands an acknowledgement however its fields are ordered and spaced', async () => {
  const { publish, manager, name, beside, config } = await setup();
  await manager.streams.delete(name);
  const stream = JSON.stringify(name);
  await answerInstead(beside, config.subject, [
    `{"seq": 1, "stream": ${stream}}`,
    `{"stream":${stream},"seq":2,"duplicate":true}`,
    `{"stream":${stream},"seq":3}`,
    `{"stream":${stream}, "domain":"hub", "seq":4}`,
  ]);
  expect(await publish(emails(4))).toEqual(all(4, 'acknowledged'));
});

it('gives up what is not answered, and takes a late answer for no later email', async () => {
  const { publish, manager, name, beside, config } = await setup();
  await manager.streams.delete(name);
  const replies: string[] = [];
  const silent = beside.subscribe(config.subject, { callback: (_error, { reply }) => void replies.push(reply!) });
  await beside.flush();
  expect(await publish(emails(3))).toEqual(all(3, 'unacknowledged'));
  silent.unsubscribe();
  // Now the answers to the first attempt come, while only the second email of the next is answered.
  let next = 0;
  let seq = 0;
  beside.subscribe(config.subject, {
    callback: (_error, message) => {
      for (const reply of replies) beside.publish(reply, JSON.stringify({ stream: name, seq: ++seq }));
      if (next++ === 1) message.respond(JSON.stringify({ stream: name, seq: ++seq }));
    },
  });
  await beside.flush();
  expect(await publish(emails(3))).toEqual(all(3, 'unacknowledged'));
  expect(replies).toHaveLength(3);
});

it('fails with what composing an email throws', async () => {
  const { publisher, publish } = await setup();
  const broken = (function* (): Generator<Publication> {
    yield* emails(2);
    throw new Error('cannot be composed');
  })();
  await expect(publisher.publish(broken, 3).done).rejects.toThrow('cannot be composed');
  expect(await publish(emails(2))).toEqual(all(2, 'acknowledged'));
});

it('loses sight of nothing while the server is killed and comes back', async () => {
  const server = await NatsServer.create();
  onTestFinished(() => server.remove());
  await server.start();
  const { publisher, publish, stored } = await setup(server.url);
  const publications = emails(60_000);
  const order = publisher.publish(publications, publications.length);
  await eventually(() => order.open < publications.length - MANY, 10_000, 'the first acknowledgements');
  await server.kill();
  const results = await order.done;
  const unacknowledged = publications.filter((_, index) => results[index] === 'unacknowledged');
  expect(unacknowledged.length).toBeGreaterThan(0);
  await server.start();
  await eventually(() => publisher.isReady, 20_000, 'the reconnect');
  expect(await publish(unacknowledged)).toEqual(all(unacknowledged.length, 'acknowledged'));
  expect(await stored()).toBe(publications.length);
});
