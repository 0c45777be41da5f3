import { Buffer } from 'node:buffer'
import type { ExportItem } from './sink.ts'

/** RFC 5424 6.2.1: facility 13, log audit. */
const facility = 13
/** RFC 5424 6.2.1 severities by OCSF's: notice for low, up to critical. */
const severities: Readonly<Record<number, number>> = { 1: 6, 2: 5, 3: 4, 4: 3, 5: 2 }
/** RFC 5612: the enterprise number for examples; Gatehouse has none of its own. */
const structure = 'gatehouse@32473'

/**
 * One item as a syslog message of RFC 5424 in the frame of RFC 6587 3.4.1 and RFC 5425: its length in octets, a space, the
 * message. The message proper is the OCSF event in ASCII, so that it needs no BOM (RFC 5424 6.4) and is JSON as it stands.
 */
export function syslogFrame(item: ExportItem, host: string): Buffer {
  const { log, seq, uid, timeMs, severityId, json } = item
  const priority = facility * 8 + (severities[severityId] ?? 6)
  const time = new Date(timeMs).toISOString()
  const data = `[${structure} log="${log}" seq="${seq}" uid="${paramValue(uid)}"]`
  const message = Buffer.from(`<${priority}>1 ${time} ${host} gatehouse - ${log} ${data} ${json}`)
  return Buffer.concat([Buffer.from(`${message.length} `), message])
}

/** RFC 5424 6.3.3; control characters are no part of what is printed. */
function paramValue(text: string): string {
  // oxlint-disable-next-line no-control-regex -- they are what is replaced
  return text.replaceAll(/["\\\]]/g, String.raw`\$&`).replaceAll(/[\u0000-\u001f\u007f]/g, '?')
}

/** The text as a HOSTNAME of RFC 5424 6.2.4. */
export function hostnameOf(node: string): string {
  const name = node.replaceAll(/[^!-~]/g, '-').slice(0, 255)
  return name === '' ? '-' : name
}
