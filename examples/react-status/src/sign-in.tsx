// Asks for an API key and tries it; the page keeps it in memory only.
import { useMutation } from '@tanstack/react-query';
import { textOf } from './form-text.ts';
import { connect, type Gateway } from './gateway.ts';

export function SignIn({ onSignedIn }: { onSignedIn: (gateway: Gateway) => void }) {
  const signIn = useMutation({
    mutationFn: async (form: FormData) => {
      const gateway = connect(textOf(form, 'key'));
      await gateway.toolkit.authenticate.query();
      return gateway;
    },
    onSuccess: onSignedIn,
  });
  return (
    <form className="card" action={(form) => signIn.mutate(form)}>
      <label>
        API key <input name="key" type="password" autoComplete="off" required autoFocus />
      </label>
      <button disabled={signIn.isPending}>Sign in</button>
      {signIn.error && <p className="fault">{signIn.error.message}</p>}
    </form>
  );
}
