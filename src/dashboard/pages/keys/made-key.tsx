// A new key, shown this once: the field is there to be copied from.
import { useLayoutEffect, useRef } from 'preact/hooks';
import { CopyButton } from '../../components/copy-button.tsx';
import { Icon } from '../../components/icon.tsx';
import { useText } from '../../i18n/words.ts';

export function MadeKey({ apiKey, onClose }: { apiKey: string; onClose(): void }) {
  const t = useText('keys');
  const field = useRef<HTMLInputElement>(null);
  // What was focused before is gone.
  useLayoutEffect(() => field.current?.select(), []);
  return (
    <>
      <div class="dialog-body">
        <p class="banner">
          <Icon name="warning" />
          <span>{t('shown_once')}</span>
        </p>
        <div class="made-key">
          <input
            ref={field}
            class="input mono"
            readOnly
            aria-label={t('the_key')}
            value={apiKey}
            onFocus={({ currentTarget }) => currentTarget.select()}
          />
          <CopyButton text={apiKey} what={t('the_key')} />
        </div>
        <p class="quiet small">{t('made_hint')}</p>
      </div>
      <div class="dialog-actions">
        <button type="button" class="button button-primary" onClick={onClose}>
          {t('kept')}
        </button>
      </div>
    </>
  );
}
