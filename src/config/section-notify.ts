import * as z from 'zod'
import type { Severity } from '../core/mod.ts'
import { didYouMean } from './did-you-mean.ts'
import { bad, choiceKind, good, type Kind, leaf, oneOrMany, optional, section, setting } from './kinds.ts'
import { apiNames } from './names.ts'
import type { Finding, Path } from './problems.ts'
import { quoted, type Reading, shown, valueAt } from './reading.ts'
import { caKind, secretKind } from './section-sinks.ts'

/** One entry of `notify:` */
export interface NotifySection {
  readonly type: 'webhook' | 'email'
  readonly url: string | null
  readonly secret: readonly string[] | null
  readonly smtp: string | null
  readonly from: string | null
  readonly to: readonly string[] | null
  readonly user: string | null
  readonly password: string | null
  /** PEM. */
  readonly ca: string | null
}

/** `alerts:` */
export interface AlertsSection {
  /** Null: everybody that `notify` names. */
  readonly to: readonly string[] | null
  readonly severityMin: Severity
}

/** One way to people; takes effect at a start. */
export type NotifyTarget =
  | {
      readonly name: string
      readonly type: 'webhook'
      readonly url: string
      readonly secrets: readonly string[]
      readonly ca: string | null
    }
  | {
      readonly name: string
      readonly type: 'email'
      readonly smtp: string
      readonly from: string
      readonly to: readonly string[]
      readonly login: { readonly user: string; readonly password: string } | null
      readonly ca: string | null
    }

/** Whom to tell of incidents, and of which; takes effect at a start. */
export interface AlertsConfig {
  readonly targets: readonly NotifyTarget[]
  readonly to: readonly string[]
  readonly severityMin: Severity
}

const webhookHow = 'write it as https://hooks.example.com/gatehouse'
const webhookUrlKind: Kind<string> = {
  schema: { type: 'string', pattern: '^https?://[^@#\\s]+$' },
  read: (value) => {
    const url = typeof value === 'string' ? URL.parse(value) : null
    if (url === null || (url.protocol !== 'https:' && url.protocol !== 'http:'))
      return bad('GH-C008', 'is not a URL that can be posted to', webhookHow)
    if (url.username !== '' || url.password !== '')
      return bad('GH-C008', 'has a user name or a password in it', 'each message is signed with secret instead')
    if (url.hash !== '') return bad('GH-C008', 'has a fragment', 'leave out the # and what follows')
    if (url.protocol === 'http:' && !isThisMachine(url.hostname))
      return bad('GH-C014', 'would be called without TLS', 'use https://; http:// is for this machine only')
    return good(url.href)
  },
}

const smtpHow = 'write it as smtp://mail.example.com:587 or smtps://mail.example.com:465'
const smtpKind: Kind<string> = {
  schema: { type: 'string', pattern: '^smtps?://[^@/?#\\s]+$' },
  read: (value) => {
    const [, scheme, rest] = typeof value === 'string' ? (/^(smtps?):\/\/([^/]+)\/?$/i.exec(value) ?? []) : []
    const url = rest === undefined ? null : URL.parse(`http://${rest}`)
    if (url === null || scheme === undefined) return bad('GH-C008', 'is not a mail server', smtpHow)
    if (url.username !== '' || url.password !== '')
      return bad('GH-C008', 'has a user name or a password in it', 'write them as user and password')
    const port = /:(\d{1,5})$/.exec(rest ?? '')?.[1]
    return good(`${scheme.toLowerCase()}://${url.hostname}${port === undefined ? '' : `:${Number(port)}`}`)
  },
}

/** One mailbox (RFC 5321 4.1.2, without quoted names), with or without a name in front. */
const mailboxPattern = /^(?:[^<>"\r\n]{1,100}<)?[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9.-]{1,253}>?$/
const mailboxKind: Kind<string> = {
  schema: { type: 'string', pattern: mailboxPattern.source },
  read: (value) =>
    typeof value === 'string' && mailboxPattern.test(value) && value.includes('<') === value.endsWith('>')
      ? good(value)
      : bad('GH-C008', 'is not a mail address', 'write it as on-call@example.com'),
}

const wordKind: Kind<string> = {
  schema: { type: 'string', minLength: 1, maxLength: 1024 },
  // What looks like a number in an environment variable is one by the time it comes here.
  read: (value) => {
    const text = typeof value === 'number' || typeof value === 'boolean' ? String(value) : value
    return typeof text === 'string' && text !== '' && text.length <= 1024
      ? good(text)
      : bad('GH-C008', 'is not a text', 'write env:NAME')
  },
}

const targetSchema: z.ZodType<NotifySection> = z
  .strictObject({
    type: leaf(choiceKind('webhook', 'email')).describe('webhook: signed HTTPS POST; email: by SMTP'),
    url: optional(leaf(webhookUrlKind), 'Of a webhook: where to post'),
    secret: optional(leaf(oneOrMany(secretKind)), 'Of a webhook: whsec_…, or two while the receiver moves to the next'),
    smtp: optional(leaf(smtpKind), 'Of e-mail: smtp://host:587 (STARTTLS) or smtps://host:465'),
    from: optional(leaf(mailboxKind), 'Of e-mail: who sends'),
    to: optional(z.array(leaf(mailboxKind)).min(1).max(50), 'Of e-mail: who gets it'),
    user: optional(leaf(wordKind), 'Of e-mail: who signs in at the server'),
    password: optional(leaf(wordKind), 'Of e-mail: env:NAME or file:/path'),
    ca: optional(leaf(caKind), 'Authorities to trust for this target instead of the public ones: file:/path'),
  })
  .superRefine((target, context) => {
    for (const { path, says, hint } of contradictions(target))
      context.addIssue({ code: 'custom', message: says, path: [path], params: { code: 'GH-C014', hint, guess: null } })
  })

const needed = { webhook: ['url', 'secret'], email: ['smtp', 'from', 'to'] } as const
const foreign = { webhook: ['smtp', 'from', 'to', 'user', 'password'], email: ['url', 'secret'] } as const

function contradictions(target: NotifySection): readonly { path: string; says: string; hint: string }[] {
  const { type, user, password } = target
  const found: { path: string; says: string; hint: string }[] = needed[type]
    .filter((key) => target[key] === null)
    .map((key) => ({ path: key, says: 'is missing', hint: `${type} needs ${needed[type].join(', ')}` }))
  for (const key of foreign[type])
    if (target[key] !== null)
      found.push({ path: key, says: `is not for ${type}`, hint: `${type} takes ${needed[type].join(', ')}` })
  if (type === 'email' && (user === null) !== (password === null))
    found.push({ path: user === null ? 'user' : 'password', says: 'is missing', hint: 'name both user and password' })
  return found
}

function isThisMachine(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127\.\d+\.\d+\.\d+$/.test(hostname)
}

/** `notify:` by name. */
export const notifySchema: z.ZodType<Readonly<Record<string, NotifySection>>> = z
  .record(z.string(), targetSchema)
  .meta({ propertyNames: { pattern: apiNames.pattern } })
  .prefault({})
  .describe('Ways to people, each under its name')

const alertsMembers: z.ZodType<AlertsSection> = z.strictObject({
  to: optional(z.array(leaf(wordKind)).max(16), 'Names below notify; all of them when left out'),
  severityMin: setting(
    choiceKind('info', 'low', 'medium', 'high', 'critical'),
    'medium',
    'Incidents below it are kept, and nobody is told',
  ),
})

/** The section with its defaults. */
export const alertsSchema: z.ZodType<AlertsSection> = section(alertsMembers, 'Whom to tell of incidents')

/** What only the whole knows: names that are none, and targets that nobody defined. */
export function notifyChecks(reading: Reading): readonly Finding[] {
  const notify = valueAt(reading.tree, ['notify'])
  const names = typeof notify === 'object' && notify !== null && !Array.isArray(notify) ? Object.keys(notify) : []
  const to = valueAt(reading.tree, ['alerts', 'to'])
  return [
    ...names.filter((name) => !apiNames.fits(name)).map(badName),
    ...(Array.isArray(to) ? to : []).flatMap((name: unknown, i) =>
      typeof name !== 'string' || names.includes(name) ? [] : [unknownTarget(reading, ['alerts', 'to', i], names)],
    ),
  ]
}

function badName(name: string): Finding {
  const meant = apiNames.meant(name)
  const hint =
    meant === null ? 'begin with a lower-case letter; up to 64 letters, digits and -' : `did you mean "${meant}"?`
  return {
    code: 'GH-C008',
    message: `${quoted(name)} is not a name for a target`,
    path: ['notify', name],
    mark: 'key',
    hint,
  }
}

function unknownTarget(reading: Reading, path: Path, names: readonly string[]): Finding {
  const said = valueAt(reading.tree, path)
  const meant = didYouMean(typeof said === 'string' ? said : '', names)
  const known = names.length === 0 ? 'define it below notify' : `known are ${names.join(', ')}`
  const message = `${shown(reading, path)} is no target that notify names`
  return { code: 'GH-C007', message, path, mark: 'value', hint: meant ?? known }
}

/** Both sections as those who tell take them. */
export function composeAlerts(notify: Readonly<Record<string, NotifySection>>, alerts: AlertsSection): AlertsConfig {
  return {
    targets: Object.entries(notify).map(([name, target]) => targetOf(name, target)),
    to: [...new Set(alerts.to ?? Object.keys(notify))],
    severityMin: alerts.severityMin,
  }
}

function targetOf(name: string, target: NotifySection): NotifyTarget {
  const { type, url, secret, smtp, from, to, user, password, ca } = target
  // The schema asks for what each type needs.
  if (type === 'webhook') return { name, type, url: url ?? '', secrets: secret ?? [], ca }
  const login = user === null || password === null ? null : { user, password }
  return { name, type, smtp: smtp ?? '', from: from ?? '', to: to ?? [], login, ca }
}
