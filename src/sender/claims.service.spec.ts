import { describe, expect, it, onTestFinished, vi } from 'vitest';
import type { SenderConfig } from '../config/sender.config.js';
import type { PeriodicJob, PeriodicJobs } from '../database/periodic-jobs.js';
import type { EmailsRepository } from '../messages/emails.repository.js';
import type { LedgerWatchService } from '../watch/ledger-watch.service.js';
import { ClaimsService } from './claims.service.js';
import type { OutcomeRecorder } from './outcome-recorder.js';

function setup() {
  const jobs = new Map<string, PeriodicJob>();
  const emails = {
    claimForSending: vi.fn(),
    renewClaims: vi.fn(async () => undefined),
    sweepExpiredClaims: vi.fn(async () => 0),
  };
  const outcomes = { finish: vi.fn(async () => undefined) };
  const claims = new ClaimsService(
    {} as SenderConfig,
    emails as unknown as EmailsRepository,
    outcomes as unknown as OutcomeRecorder,
    { isTrusted: async () => true } as unknown as LedgerWatchService,
    { add: (job: PeriodicJob) => jobs.set(job.name, job) } as unknown as PeriodicJobs,
    { nudge: () => undefined },
  );
  claims.start();
  const run = (name: string) => jobs.get(name)!.run();
  return { claims, emails, outcomes, renew: () => run('claims-renew'), sweep: () => run('claims-sweep') };
}

describe('ClaimsService', () => {
  it('renews the claims that are open, and lets one expire whose commit was not answered', async () => {
    const { claims, emails, renew } = setup();
    emails.claimForSending.mockRejectedValueOnce(new Error('connection lost'));
    await expect(claims.claim([{ id: 'a', generation: 0 }])).rejects.toThrow('connection lost');
    emails.claimForSending.mockResolvedValueOnce([{ id: 'b', verdict: 'send' }]);
    const { claim } = await claims.claim([{ id: 'b', generation: 0 }]);
    await renew();
    expect(emails.renewClaims.mock.calls).toEqual([[expect.anything(), [claim.id], 30]]);
  });

  it('drops a claim after its last outcome, and renews nothing then', async () => {
    const { claims, emails, outcomes, renew } = setup();
    emails.claimForSending.mockResolvedValueOnce([
      { id: 'a', verdict: 'send' },
      { id: 'b', verdict: 'send' },
      { id: 'c', verdict: 'done' },
    ]);
    const { claim } = await claims.claim([]);
    expect(claims.endingWith([claim])).toEqual([]);
    expect(claims.endingWith([claim, claim])).toEqual([claim.id]);
    claims.close([claim], []);
    expect(claims.endingWith([claim])).toEqual([claim.id]);
    claims.close([claim], [claim.id]);
    expect(outcomes.finish).not.toHaveBeenCalled();
    await renew();
    expect(emails.renewClaims.mock.calls).toEqual([[expect.anything(), [], 30]]);
  });

  it('drops a claim by itself where its last outcomes were recorded side by side', async () => {
    const { claims, emails, outcomes } = setup();
    emails.claimForSending.mockResolvedValueOnce([
      { id: 'a', verdict: 'send' },
      { id: 'b', verdict: 'send' },
    ]);
    const { claim } = await claims.claim([]);
    // Neither knew that the other's outcome would be committed first.
    claims.close([claim], []);
    claims.close([claim], []);
    expect(outcomes.finish.mock.calls).toEqual([[claim.id]]);
  });

  it('sweeps nothing until every living sender has had the time to renew', async () => {
    vi.useFakeTimers({ toFake: ['performance'] });
    onTestFinished(() => void vi.useRealTimers());
    const { emails, renew, sweep } = setup();
    const sweepsAfter = async (seconds: number) => {
      vi.advanceTimersByTime(seconds * 1_000);
      await sweep();
      return emails.sweepExpiredClaims.mock.calls.length;
    };
    await renew();
    expect(await sweepsAfter(10)).toBe(0);
    await renew();
    expect(await sweepsAfter(10)).toBe(1);
    // The database is away: nothing is renewed, then the first renewal succeeds again.
    expect(await sweepsAfter(40)).toBe(1);
    await renew();
    expect(await sweepsAfter(10)).toBe(1);
    await renew();
    expect(await sweepsAfter(10)).toBe(2);
  });
});
