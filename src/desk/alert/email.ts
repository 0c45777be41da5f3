import { createTransport } from 'nodemailer'
import { GatehouseError, messageOf } from '../../core/mod.ts'
import { type Channel, type Message, notifyMsMax } from './channel.ts'

export interface EmailOptions {
  readonly name: string
  /** `smtp://host:587`, where STARTTLS is required unless the host is this machine, or `smtps://host:465`. */
  readonly smtp: string
  readonly from: string
  readonly to: readonly string[]
  /** Who signs in at the server; null where it asks nobody. Whoever has it can send in the name of `from`. */
  readonly login: { readonly user: string; readonly password: string } | null
  /** PEM of the authorities that are trusted, instead of those that the runtime brings. */
  readonly ca?: string | undefined
}

/** Sends text and a small HTML of it by SMTP, with a connection of its own for each message. */
export function createEmail(options: EmailOptions): Channel {
  const { name, from, to, login, ca } = options
  const url = new URL(options.smtp)
  const host = url.hostname.replaceAll(/[[\]]/g, '')
  const isTls = url.protocol === 'smtps:'
  const isLocal = ['localhost', '127.0.0.1', '::1'].includes(host)
  const transport = createTransport({
    host,
    port: Number(url.port === '' ? (isTls ? 465 : 25) : url.port),
    secure: isTls,
    requireTLS: !isLocal,
    ...(isLocal && !isTls ? { ignoreTLS: login === null } : {}),
    ...(login === null ? {} : { auth: { user: login.user, pass: login.password } }),
    tls: { minVersion: 'TLSv1.2', rejectUnauthorized: true, ...(ca === undefined ? {} : { ca }) },
    connectionTimeout: notifyMsMax / 2,
    greetingTimeout: notifyMsMax / 2,
    socketTimeout: notifyMsMax / 2,
    disableFileAccess: true,
    disableUrlAccess: true,
  })
  return {
    name,
    type: 'email',
    notify: async (message) => {
      const sending = transport.sendMail({
        from,
        to: [...to],
        subject: oneLine(message.subject),
        messageId: `<${message.id}@gatehouse.invalid>`,
        headers: { 'Auto-Submitted': 'auto-generated', 'X-Gatehouse-Type': message.type },
        text: textOf(message),
        html: htmlOf(message),
      })
      const { rejected } = await inTime(sending, name)
      if (rejected.length > 0)
        throw new GatehouseError(
          'unreachable',
          `The mail server of '${name}' refused ${rejected.length} of ${to.length} recipients`,
        )
    },
  }
}

async function inTime<T>(sending: Promise<T>, name: string): Promise<T> {
  const late = Promise.withResolvers<never>()
  const timer = setTimeout(
    () =>
      late.reject(
        new GatehouseError('unreachable', `The mail server of '${name}' did not answer within ${notifyMsMax} ms`),
      ),
    notifyMsMax,
  )
  try {
    return await Promise.race([sending, late.promise])
  } catch (cause) {
    if (cause instanceof GatehouseError) throw cause
    throw new GatehouseError('unreachable', `Cannot send mail by '${name}': ${messageOf(cause)}`, { cause })
  } finally {
    clearTimeout(timer)
  }
}

// What a caller sent must not become a header, nor steer a reader's terminal.
// oxlint-disable-next-line no-control-regex -- they are what is replaced
const control = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]+/g

/** A text on one line, without control characters. */
export function oneLine(text: string): string {
  return text.replaceAll(control, ' ').trim()
}

/** The message as plain text. */
export function textOf({ subject, facts }: Message): string {
  const lines = facts.map(([fact, value]) => `${oneLine(fact)}: ${oneLine(value)}`)
  return [oneLine(subject), '', ...lines, ''].join('\n')
}

/** The message as HTML of which nothing is loaded from elsewhere. */
export function htmlOf({ subject, facts }: Message): string {
  const rows = facts.map(
    ([fact, value]) =>
      `<tr><td style="padding:2px 12px 2px 0;color:#666;vertical-align:top">${escaped(fact)}</td><td>${escaped(value)}</td></tr>`,
  )
  return `<p style="font-weight:600">${escaped(subject)}</p><table style="border-collapse:collapse">${rows.join('')}</table>`
}

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

function escaped(text: string): string {
  return oneLine(text).replaceAll(/[&<>"']/g, (sign) => entities[sign] ?? '')
}
