// Making a key: the form, and the key once it is made.
import { useMutation } from '@tanstack/preact-query';
import { useState } from 'preact/hooks';
import { SCOPES, type Scope } from '../../../contract/scope.ts';
import { DeedButton } from '../../components/deed-button.tsx';
import { Dialog } from '../../components/dialog.tsx';
import { useFault } from '../../components/fault.ts';
import type { Inputs } from '../../gateway.ts';
import { useText } from '../../i18n/words.ts';
import { queries } from '../../queries.ts';
import { useSession } from '../../session.ts';
import { ExpiryFields } from './expiry-fields.tsx';
import type { ApiKey } from './key-state.ts';
import { MadeKey } from './made-key.tsx';
import { TextField } from './text-field.tsx';

interface CreateKeyProps {
  /** Whose tenants are suggested. */
  keys: readonly ApiKey[];
  onClose(): void;
}

export function CreateKey({ keys, onClose }: CreateKeyProps) {
  const t = useText('keys');
  const { gateway } = useSession();
  const create = useMutation({
    mutationFn: (wanted: Inputs['keys']['create']) => gateway.keys.create.mutate(wanted),
    onSuccess: () => void queries.invalidateQueries({ queryKey: ['keys'] }),
  });
  const made = create.data;
  return (
    <Dialog
      title={t(made ? 'made_title' : 'create_title')}
      isBusy={create.isPending}
      onClose={onClose}
    >
      {made ? (
        <MadeKey apiKey={made.api_key} onClose={onClose} />
      ) : (
        <KeyForm
          tenants={[...new Set(keys.map(({ tenant }) => tenant))]}
          isBusy={create.isPending}
          error={create.error}
          onSubmit={create.mutate}
          onClose={onClose}
        />
      )}
    </Dialog>
  );
}

interface KeyFormProps {
  tenants: readonly string[];
  isBusy: boolean;
  error: Error | null;
  onSubmit(wanted: Inputs['keys']['create']): void;
  onClose(): void;
}

function KeyForm({ tenants, isBusy, error, onSubmit, onClose }: KeyFormProps) {
  const t = useText('keys');
  const shared = useText('shell');
  const faultOf = useFault();
  const { key: own } = useSession();
  const [name, setName] = useState('');
  const [tenant, setTenant] = useState(own.tenant);
  const [scopes, setScopes] = useState<readonly Scope[]>(['submit']);
  const [expiresAt, setExpiresAt] = useState<number>();
  const fault = scopes.length === 0 ? t('no_scope') : faultOf(error);
  const submit = (event: Event) => {
    event.preventDefault();
    if (isBusy || scopes.length === 0) return;
    const expiry = expiresAt === undefined ? {} : { expires_at: expiresAt };
    onSubmit({ name, tenant, scopes: [...scopes], ...expiry });
  };
  return (
    <form onSubmit={submit}>
      <div class="dialog-body">
        <TextField label={t('name')} hint={t('name_hint')} value={name} onInput={setName} />
        <TextField
          label={t('tenant')}
          hint={t('tenant_hint')}
          value={tenant}
          suggestions={tenants}
          onInput={setTenant}
        />
        <ScopeChoice chosen={scopes} onChange={setScopes} />
        <ExpiryFields value={expiresAt} onChange={setExpiresAt} />
        <p class="fault" role="alert">
          {fault}
        </p>
      </div>
      <div class="dialog-actions">
        <DeedButton isBusy={isBusy} onClick={onClose}>
          {shared('cancel')}
        </DeedButton>
        <DeedButton
          type="submit"
          class="button button-primary"
          isBusy={isBusy || scopes.length === 0}
        >
          {t('create')}
        </DeedButton>
      </div>
    </form>
  );
}

interface ScopeChoiceProps {
  chosen: readonly Scope[];
  onChange(chosen: Scope[]): void;
}

function ScopeChoice({ chosen, onChange }: ScopeChoiceProps) {
  const t = useText('keys');
  return (
    <fieldset class="scope-choice">
      <legend class="label">{t('scopes')}</legend>
      {SCOPES.map((scope) => (
        <label key={scope} class="check">
          <input
            type="checkbox"
            name="scope"
            value={scope}
            checked={chosen.includes(scope)}
            onChange={({ currentTarget }) =>
              onChange(
                SCOPES.filter((each) =>
                  each === scope ? currentTarget.checked : chosen.includes(each),
                ),
              )
            }
          />
          <span>
            <span class="mono">{scope}</span> <span class="quiet">{t(`scope_${scope}`)}</span>
          </span>
        </label>
      ))}
    </fieldset>
  );
}
