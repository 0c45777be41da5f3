/** What all our OCSF events share: the words and numbers of OCSF 1.8.0. */
import { isIP } from 'node:net'

/** An event as OCSF wants it: JSON, without members that are not known. */
export type OcsfEvent = Readonly<Record<string, unknown>>

/** Who says so. */
export interface Product {
  readonly version: string
  /** The name of the node. */
  readonly node: string
}

/** OCSF's `severity_id`. */
export const severityIds = { info: 1, low: 2, medium: 3, high: 4, critical: 5 } as const

export type SeverityName = keyof typeof severityIds

const severityNames = {
  info: 'Informational',
  low: 'Low',
  medium: 'Medium',
  high: 'High',
  critical: 'Critical',
} as const

const classes = {
  detection_finding: { uid: 2004, name: 'Detection Finding', category: 2, categoryName: 'Findings' },
  authentication: { uid: 3002, name: 'Authentication', category: 3, categoryName: 'Identity & Access Management' },
  entity_management: {
    uid: 3004,
    name: 'Entity Management',
    category: 3,
    categoryName: 'Identity & Access Management',
  },
  application_lifecycle: {
    uid: 6002,
    name: 'Application Lifecycle',
    category: 6,
    categoryName: 'Application Activity',
  },
  api_activity: { uid: 6003, name: 'API Activity', category: 6, categoryName: 'Application Activity' },
} as const

/** The classes that we write, by the names of the schema. */
export type OcsfClass = keyof typeof classes

/** An activity of a class: its id, and its name there; 99 is what the class has no id for. */
export interface Activity {
  readonly id: number
  readonly name: string
}

/** The members by which an event is classified. */
export function classified(of: OcsfClass, activity: Activity, severity: SeverityName): OcsfEvent {
  const { uid, name, category, categoryName } = classes[of]
  return {
    category_uid: category,
    category_name: categoryName,
    class_uid: uid,
    class_name: name,
    type_uid: uid * 100 + activity.id,
    type_name: `${name}: ${activity.name}`,
    activity_id: activity.id,
    activity_name: activity.name,
    severity_id: severityIds[severity],
    severity: severityNames[severity],
  }
}

/** What goes into `metadata` beside what is always there. */
export interface MetadataFacts {
  readonly log: 'access' | 'audit'
  readonly uid: string
  readonly seq: number
  readonly recordedAtUs: number
  readonly code: string
  readonly profiles?: readonly string[]
  readonly more?: OcsfEvent
}

/** `metadata`: with `uid` and `sequence` a receiver tells what it has got twice. */
export function metadata({ version, node }: Product, facts: MetadataFacts): OcsfEvent {
  return {
    version: '1.8.0',
    product: { name: 'Gatehouse', vendor_name: 'Gatehouse', version },
    uid: facts.uid,
    sequence: facts.seq,
    log_name: facts.log,
    log_provider: 'Gatehouse',
    log_source: node,
    logged_time: Math.floor(facts.recordedAtUs / 1000),
    event_code: facts.code,
    ...(facts.profiles === undefined ? {} : { profiles: facts.profiles }),
    ...facts.more,
  }
}

/** Whether OCSF takes the text for an address: a zone (`fe80::1%eth0`) is no part of one there. */
export function isAddress(text: string): boolean {
  return isIP(text) !== 0 && !text.includes('%')
}

/** The object without members that say nothing: null, the empty text, the empty list. */
export function known(members: OcsfEvent): OcsfEvent {
  return Object.fromEntries(
    Object.entries(members).filter(
      ([, value]) =>
        value !== null && value !== undefined && value !== '' && !(Array.isArray(value) && value.length === 0),
    ),
  )
}
