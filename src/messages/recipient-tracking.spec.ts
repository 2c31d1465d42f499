import { describe, expect, it } from 'vitest';
import { asksForClicks, deviatingTracking } from './recipient-tracking.js';
import { readRecipients } from './recipients.js';

const asDefault = { trackOpens: true, trackClicks: false };

function deviating(elements: unknown[], message = asDefault) {
  const { tracking, addresses } = readRecipients(elements, '');
  return deviatingTracking(tracking, addresses.length, message);
}

describe('the tracking of recipients', () => {
  it('costs nothing where nobody says anything, or only what holds anyway', () => {
    expect(readRecipients(['a@b.cd', { email: 'c@b.cd', track_opens: null }], '').tracking).toBeNull();
    expect(deviating(['a@b.cd', { email: 'c@b.cd', track_opens: true, track_clicks: false }])).toBeNull();
  });

  it('is kept for those that differ from the message', () => {
    const elements = [
      'a@b.cd',
      { email: 'c@b.cd', track_opens: false },
      { email: 'd@b.cd', track_clicks: true },
      { email: 'e@b.cd', track_opens: false, track_clicks: true },
    ];
    expect(deviating(elements)).toEqual([null, 0, 3, 2]);
    expect(deviating(elements, { trackOpens: false, trackClicks: true })).toBeNull();
    expect(deviating(elements, { trackOpens: false, trackClicks: false })).toEqual([null, null, 2, 2]);
  });

  it('is refused where it is no flag, or where the same address has two', () => {
    const { rejected, positions, duplicates } = readRecipients(
      [
        { email: 'a@b.cd', track_opens: false },
        { email: 'x@b.cd', track_opens: 'no' },
        { email: 'a@b.cd', track_opens: false },
        'a@b.cd',
        { email: 'a@b.cd', track_opens: true },
      ],
      '/emails',
    );
    expect([...positions]).toEqual([0, -1, 0, -1, -1]);
    expect(duplicates).toBe(1);
    expect(rejected.map(({ pointer, code }) => [pointer, code])).toEqual([
      ['/emails/1/track_opens', 'invalid_type'],
      ['/emails/3', 'conflicting_duplicate'],
      ['/emails/4', 'conflicting_duplicate'],
    ]);
  });

  it('says whether anybody asks for clicks', () => {
    const asks = (element: object) => asksForClicks(readRecipients([element], '').tracking);
    expect(asks({ email: 'a@b.cd', track_clicks: true })).toBe(true);
    expect(asks({ email: 'a@b.cd', track_clicks: false, track_opens: true })).toBe(false);
    expect(asks({ email: 'a@b.cd' })).toBe(false);
  });
});
