// Scopes: what an API key may do, and which scope implies which.

export const SCOPES = ['read', 'submit', 'work', 'admin'] as const;

export type Scope = (typeof SCOPES)[number];

const IMPLIED: Record<Scope, readonly Scope[]> = {
  admin: SCOPES,
  submit: ['submit', 'read'],
  read: ['read'],
  work: ['work'],
};

/** Whether a key that holds `held` may do what needs `needed`. */
export function allows(held: readonly Scope[], needed: Scope): boolean {
  return held.some((scope) => IMPLIED[scope].includes(needed));
}
