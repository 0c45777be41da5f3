import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js'

/** Throws for an event that the OCSF schema of its class refuses. */
export type OcsfJudge = (event: Readonly<Record<string, unknown>>) => void

const files: Readonly<Record<number, string>> = {
  2004: 'detection_finding',
  3002: 'authentication',
  3004: 'entity_management',
  6002: 'application_lifecycle',
  6003: 'api_activity',
}

/** The schemas of OCSF 1.8.0; null where they are not on this machine, which with CI=true is a failure. */
export function openOcsfJudge(): OcsfJudge | null {
  const folder = process.env['GATEHOUSE_DATASETS']
  if (folder === undefined) {
    assert.notEqual(process.env['CI'], 'true', 'GATEHOUSE_DATASETS must be set')
    return null
  }
  const ajv = new Ajv2020({ strict: false, validateFormats: false, allErrors: true })
  const compiled = new Map<number, ValidateFunction>()
  const validatorOf = (uid: number): ValidateFunction => {
    const known = compiled.get(uid)
    if (known !== undefined) return known
    const path = join(folder, 'ocsf', 'jsonschema', `${files[uid] ?? 'none'}.json`)
    const made = ajv.compile(JSON.parse(readFileSync(path, 'utf8')) as object)
    compiled.set(uid, made)
    return made
  }
  return (event) => {
    const validate = validatorOf(Number(event['class_uid']))
    // As it travels: members that JSON leaves out are not there.
    if (validate(JSON.parse(JSON.stringify(event)))) return
    assert.fail(`${ajv.errorsText(validate.errors)}\n${JSON.stringify(event, null, 2)}`)
  }
}
