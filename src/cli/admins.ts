import type { Items } from './answers.ts'
import type { Shown } from './keys.ts'
import { printable, table } from './terminal.ts'

interface Invitation {
  readonly url: string
  readonly role: string
  readonly expiresAtMs: number
}

interface ShownAdmin {
  readonly name: string
  readonly role: string
  readonly createdAtMs: number
  readonly lastSignInAtMs: number | null
  readonly hasPassword: boolean
}

interface ShownSession {
  readonly name: string
}

/** `admins invite`: the link goes to standard output, once. */
export async function inviteAdmin(to: Shown, role: 'owner' | 'auditor'): Promise<void> {
  tellLink(to, (await to.client.post('/v1/admins/invitations', { role })) as Invitation)
}

/** `admins reset` */
export async function resetAdmin(to: Shown, name: string): Promise<void> {
  tellLink(to, (await to.client.post(`/v1/admins/${encodeURIComponent(name)}/reset`, {})) as Invitation)
}

function tellLink({ terminal, json }: Shown, invitation: Invitation): void {
  if (json) return terminal.out(`${JSON.stringify(invitation)}\n`)
  terminal.out(`${invitation.url}\n`)
  const until = new Date(invitation.expiresAtMs).toISOString().slice(11, 16)
  terminal.err(`Set-up link for an ${invitation.role}: works once, until ${until} UTC. Whoever has it may use it.\n`)
}

/** `admins ls` */
export async function listAdmins({ client, terminal, json }: Shown): Promise<void> {
  const [{ items }, sessions] = await Promise.all([
    client.get('/v1/admins') as Promise<Items<ShownAdmin>>,
    client.get('/v1/sessions') as Promise<Items<ShownSession>>,
  ])
  if (json) return terminal.out(`${JSON.stringify({ items })}\n`)
  if (items.length === 0)
    return terminal.err('Nobody can sign in to the console yet. Make a set-up link: gatehouse admins invite\n')
  const rows = items.map(({ name, role, createdAtMs, lastSignInAtMs, hasPassword }) => [
    printable(name),
    role,
    hasPassword ? 'active' : 'reset',
    String(sessions.items.filter((one) => one.name === name).length),
    date(lastSignInAtMs),
    date(createdAtMs),
  ])
  terminal.out(table([['NAME', 'ROLE', 'STATE', 'SESSIONS', 'LAST SIGN-IN', 'CREATED'], ...rows]))
}

/** `admins remove` */
export async function removeAdmin({ client, terminal, json }: Shown, name: string): Promise<void> {
  await client.delete(`/v1/admins/${encodeURIComponent(name)}`)
  terminal.out(json ? `${JSON.stringify({ removed: name })}\n` : `removed ${printable(name)}\n`)
}

function date(ms: number | null): string {
  return ms === null ? '–' : new Date(ms).toISOString().slice(0, 16).replace('T', ' ')
}
