// Why there was no answer: sentences for people that keep the code to search for.
import { describe, expect, it } from 'vitest';
import { describeSendFault } from '../../src/webhooks/send-fault.ts';

function coded(code: string | number, message = 'inner words'): Error {
  return Object.assign(new Error(message), { code });
}

describe('describeSendFault', () => {
  it.each([
    [coded('ECONNREFUSED'), 'a.example:81 refused the connection (ECONNREFUSED)'],
    [
      coded('EAI_AGAIN'),
      'a.example:81 could not be looked up: no name server answered (EAI_AGAIN)',
    ],
    [
      coded('CERT_HAS_EXPIRED'),
      'a.example:81 has a TLS certificate that has expired (CERT_HAS_EXPIRED)',
    ],
    [coded('EPROTO'), 'a.example:81 does not speak TLS as we do (EPROTO)'],
    [coded('EMFILE'), 'a.example:81 could not be sent to: inner words (EMFILE)'],
    [coded(20), 'a.example:81 could not be sent to: inner words'],
    ['odd', 'a.example:81 could not be sent to: odd'],
    [undefined, 'a.example:81 could not be sent to: undefined'],
  ])('of %s', (error, sentence) => {
    expect(describeSendFault(error, 'a.example:81')).toBe(sentence);
  });

  it('is short, however much there is to say', () => {
    const sentence = describeSendFault(coded('EWHAT', 'x'.repeat(9000)), 'a.example');
    expect(sentence).toHaveLength(300);
  });
});
