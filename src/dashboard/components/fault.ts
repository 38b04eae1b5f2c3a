// What is told of a call that failed, where it was started.
import { useText } from '../i18n/words.ts';
import { statusOf } from '../session.ts';

/** Of no error it says nothing. */
export function useFault(): (error: Error | null) => string | undefined {
  const t = useText('shell');
  return (error) => {
    if (!error) return undefined;
    const isAway = statusOf(error) === undefined;
    return isAway ? t('unreachable_title') : t('failed_hint', { message: error.message });
  };
}
