// The page: sign in with a key, then submit jobs and watch them.
import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { StrictMode, useState } from 'react';
import { createRoot } from 'react-dom/client';
import type { Gateway } from './gateway.ts';
import { Jobs } from './jobs.tsx';
import { SignIn } from './sign-in.tsx';

const cache = new QueryClient();

function Page() {
  const [gateway, setGateway] = useState<Gateway>();
  return (
    <main>
      <h1>Job status</h1>
      {gateway ? (
        <Jobs gateway={gateway} />
      ) : (
        <SignIn onSignedIn={(signedIn) => setGateway(() => signedIn)} />
      )}
    </main>
  );
}

const root = document.querySelector('#root');
if (!root) throw new Error('index.html has no #root');
createRoot(root).render(
  <StrictMode>
    <QueryClientProvider client={cache}>
      <Page />
    </QueryClientProvider>
  </StrictMode>,
);
