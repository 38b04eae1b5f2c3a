// A button that saves a text as a file.
import { useText } from '../i18n/words.ts';
import { Icon } from './icon.tsx';

interface DownloadButtonProps {
  text: () => string;
  /** Named to screen readers, after "Download". */
  what: string;
  fileName: string;
}

export function DownloadButton({ text, what, fileName }: DownloadButtonProps) {
  const t = useText('shell');
  return (
    <button
      type="button"
      class="icon-button"
      aria-label={`${t('download')}: ${what}`}
      title={t('download')}
      onClick={() => save(text(), fileName)}
    >
      <Icon name="download" />
    </button>
  );
}

function save(text: string, fileName: string): void {
  const url = URL.createObjectURL(new Blob([text], { type: 'application/json' }));
  const link = document.createElement('a');
  link.href = url;
  link.download = fileName;
  link.click();
  // The browser has begun to read it by then.
  setTimeout(() => URL.revokeObjectURL(url), 1000);
}
