// That what is to be done is done to the key one is signed in with.
import { Icon } from '../../components/icon.tsx';
import { useSession } from '../../session.ts';
import type { ApiKey } from './key-state.ts';

/** Nothing for any other key. */
export function OwnKeyWarning({ apiKey, text }: { apiKey: ApiKey; text: string }) {
  const { key: own } = useSession();
  if (apiKey.key_id !== own.key_id) return null;
  return (
    <p class="banner">
      <Icon name="warning" />
      <span>{text}</span>
    </p>
  );
}
