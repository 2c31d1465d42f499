import { afterEach, beforeEach, expect, it, type MockInstance, vi } from 'vitest';
import { armCrashPoint, crashPoint } from './crash-point.js';

let kill: MockInstance<typeof process.kill>;

beforeEach(() => {
  kill = vi.spyOn(process, 'kill').mockReturnValue(true);
});

afterEach(() => {
  armCrashPoint(null);
  vi.restoreAllMocks();
});

it('kills the process when the point is reached so many times, and at no other', () => {
  armCrashPoint({ point: 'sender.send', count: 3 });
  crashPoint('sender.send');
  crashPoint('sender.claim');
  crashPoint('sender.send');
  expect(kill).not.toHaveBeenCalled();
  crashPoint('sender.send');
  expect(kill).toHaveBeenCalledExactlyOnceWith(process.pid, 'SIGKILL');
});

it('kills nothing unless it is armed', () => {
  armCrashPoint(null);
  crashPoint('sender.send');
  expect(kill).not.toHaveBeenCalled();
});

it('refuses a point that no code reaches', () => {
  expect(() => armCrashPoint({ point: 'sender.sned', count: 1 })).toThrow('there is no crash point sender.sned');
});
