import type { Check } from './check.ts'
import { accessChecks } from './checks-access.ts'
import { auditChecks } from './checks-audit.ts'
import { deskChecks } from './checks-desk.ts'
import { suspiciousChecks } from './checks-suspicious.ts'

/** Every check of a run, the weightiest first; each runs each time. */
export const checks: readonly Check[] = [...suspiciousChecks, ...auditChecks, ...accessChecks, ...deskChecks]
