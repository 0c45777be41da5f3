import { useMutation, useQueryClient } from '@tanstack/react-query'
import { Link, useNavigate } from '@tanstack/react-router'
import { type ReactNode, type SubmitEvent, useState } from 'react'
import { send } from '../api/client.ts'
import { Brand } from '../app/shell.tsx'
import { Button, TextField } from '../parts/controls.tsx'
import { Problem } from '../parts/states.tsx'

const passwordCharsMin = 12

/** Of the set-up link. Once read it stands no longer in the address bar, nor in the browser's history. */
const token: string = location.pathname === '/setup' ? location.hash.slice(1) : ''
if (token !== '') history.replaceState(history.state, '', location.pathname)

/** Name and password. */
export function SignInPage(): ReactNode {
  const client = useQueryClient()
  const signIn = useMutation({
    mutationFn: (given: Given) => send<null>('POST', '/v1/session', given),
    onSuccess: () => client.invalidateQueries(),
  })
  return (
    <Entrance title="Sign in">
      <Form
        button="Sign in"
        passwordFor="current-password"
        busy={signIn.isPending}
        error={signIn.error}
        onSubmit={signIn.mutate}
      />
      <p className="mt-4 text-[12px] text-muted">
        No way in? On the machine itself, <code className="machine text-text">gatehouse admins invite</code> prints a
        set-up link.
      </p>
    </Entrance>
  )
}

/** The set-up link leads here: `/setup#<token>`, of which the server sees no token before the form is sent. */
export function SetUpPage(): ReactNode {
  const client = useQueryClient()
  const navigate = useNavigate()
  const setUp = useMutation({
    mutationFn: (given: Given) => send<null>('POST', '/v1/setup', { ...given, token }),
    onSuccess: async () => {
      await client.invalidateQueries()
      await navigate({ to: '/', replace: true })
    },
  })
  if (token === '')
    return (
      <Entrance title="Set-up link">
        <p className="text-muted">
          This page is opened by a set-up link, which works once within 30 minutes. On the machine itself,{' '}
          <code className="machine text-text">gatehouse admins invite</code> prints a new one.
        </p>
        <p className="mt-3">
          <Link to="/" className="link">
            Sign in
          </Link>
        </p>
      </Entrance>
    )
  return (
    <Entrance title="Choose your name and password">
      <Form
        button="Set up and sign in"
        passwordFor="new-password"
        busy={setUp.isPending}
        error={setUp.error}
        onSubmit={setUp.mutate}
      />
    </Entrance>
  )
}

interface Given {
  readonly name: string
  readonly password: string
}

interface FormProps {
  readonly button: string
  readonly passwordFor: 'current-password' | 'new-password'
  readonly busy: boolean
  readonly error: unknown
  readonly onSubmit: (given: Given) => void
}

function Form({ button, passwordFor, busy, error, onSubmit }: FormProps): ReactNode {
  const [name, setName] = useState('')
  const [password, setPassword] = useState('')
  const isNew = passwordFor === 'new-password'
  const submit = (event: SubmitEvent): void => {
    event.preventDefault()
    onSubmit({ name: name.trim(), password })
  }
  return (
    <form className="space-y-3" onSubmit={submit}>
      <TextField
        label="Name"
        name="username"
        autoComplete="username"
        autoCapitalize="none"
        spellCheck={false}
        required
        autoFocus
        value={name}
        onChange={(event) => setName(event.target.value)}
      />
      <TextField
        label="Password"
        name="password"
        type="password"
        autoComplete={passwordFor}
        required
        minLength={isNew ? passwordCharsMin : undefined}
        hint={isNew ? `At least ${passwordCharsMin} characters; a sentence is good.` : undefined}
        value={password}
        onChange={(event) => setPassword(event.target.value)}
      />
      {error === null || error === undefined ? null : <Problem error={error} />}
      <Button type="submit" look="main" disabled={busy} className="h-8 w-full justify-center">
        {busy ? 'One moment…' : button}
      </Button>
    </form>
  )
}

function Entrance({ title, children }: { title: string; children: ReactNode }): ReactNode {
  return (
    <main className="flex min-h-full items-center justify-center p-4">
      <div className="w-[min(360px,100%)]">
        <div className="mb-5 flex justify-center">
          <Brand />
        </div>
        <div className="panel p-5">
          <h1 className="mb-4 text-[15px] font-semibold">{title}</h1>
          {children}
        </div>
      </div>
    </main>
  )
}
