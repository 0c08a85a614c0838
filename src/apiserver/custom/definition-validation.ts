import type { FieldError } from '../../api/meta/field-error.ts'
import { duplicate, forbidden, invalid, notSupported, required, tooMany } from '../../api/meta/field-error.ts'
import { semanticallyEqual } from '../../api/meta/equal.ts'
import type { KubeObject } from '../../api/object.ts'
import { checkRules } from './definition-rules.ts'
import type { Definition, JsonSchema } from './json-schema.ts'
import { fieldAt } from './schema-path.ts'
import { validateBySchema } from './schema-validation.ts'
import { validateStructure } from './structural.ts'

interface Version {
  readonly name?: string
  readonly schema?: { readonly openAPIV3Schema?: JsonSchema }
  readonly subresources?: {
    readonly scale?: {
      readonly specReplicasPath?: string
      readonly statusReplicasPath?: string
      readonly labelSelectorPath?: string
    }
  }
  readonly additionalPrinterColumns?: readonly {
    readonly name?: string
    readonly type?: string
    readonly format?: string
    readonly jsonPath?: string
  }[]
  readonly selectableFields?: readonly { readonly jsonPath?: string }[]
  readonly deprecated?: boolean
  readonly deprecationWarning?: string
}

interface Conversion {
  readonly strategy?: string
  readonly webhook?: {
    readonly clientConfig?: { readonly url?: string; readonly service?: object }
    readonly conversionReviewVersions?: readonly string[]
  }
}

const MAX_SELECTABLE = 8

/** What is wrong with a definition beyond its names: schemas, rules, columns, subresources and conversion. */
export function validateDefinitionSchemas(object: KubeObject, old?: KubeObject): readonly FieldError[] {
  const { spec, status } = object as Definition & { readonly spec: { readonly conversion?: Conversion } }
  const errors: FieldError[] = []
  const versions = (spec.versions ?? []) as readonly Version[]
  if (spec.preserveUnknownFields) {
    const detail =
      'cannot set to true, set x-kubernetes-preserve-unknown-fields to true in spec.versions[*].schema instead'
    errors.push(invalid('spec.preserveUnknownFields', true, detail))
  }
  requireApproval(object, errors)
  const shared = sharedParts(versions)
  const before = ((old as Definition | undefined)?.spec.versions ?? []) as readonly Version[]
  versions.forEach((version, i) => {
    const own = `spec.versions[${i}]`
    if (!version.deprecated && version.deprecationWarning !== undefined) {
      const detail = 'can only be set for deprecated versions'
      errors.push(invalid(`${own}.deprecationWarning`, version.deprecationWarning, detail))
    }
    if (version.schema?.openAPIV3Schema === undefined) errors.push(required(`${own}.schema.openAPIV3Schema`))
    const isKept = before.some((one) => one.name === version.name && semanticallyEqual(one.schema, version.schema))
    checkVersion(version, pathsOf(own, shared, i === 0), isKept, errors)
  })
  checkConversion(spec.conversion, errors)
  checkStoredVersions(spec.versions ?? [], status?.storedVersions ?? [], errors)
  return errors
}

/** Where a version's parts are said to be; undefined where another version's have been looked at for all. */
interface Paths {
  readonly schema: string | undefined
  readonly subresources: string | undefined
  readonly columns: string | undefined
  readonly selectable: string | undefined
}

/** Parts that all versions have alike are looked at once, as parts of the definition itself. */
function sharedParts(versions: readonly Version[]): ReadonlySet<keyof Version> {
  const parts = ['schema', 'subresources', 'additionalPrinterColumns', 'selectableFields'] as const
  const isShared = (part: keyof Version) => versions.every((one) => semanticallyEqual(one[part], versions[0]?.[part]))
  return new Set(parts.filter(isShared))
}

function pathsOf(own: string, shared: ReadonlySet<keyof Version>, isFirst: boolean): Paths {
  const at = (part: keyof Version, common: string, single: string) =>
    shared.has(part) ? (isFirst ? `spec.${common}` : undefined) : `${own}.${single}`
  return {
    schema: at('schema', 'validation.openAPIV3Schema', 'schema.openAPIV3Schema'),
    subresources: at('subresources', 'subresources', 'subresources'),
    columns: at('additionalPrinterColumns', 'additionalPrinterColumns', 'additionalPrinterColumns'),
    selectable: at('selectableFields', 'selectableFields', 'selectableFields'),
  }
}

const APPROVED = 'api-approved.kubernetes.io'

/** Groups of Kubernetes' own are for kinds that were approved, or say that they were not. */
function requireApproval({ metadata, ...object }: KubeObject, errors: FieldError[]): void {
  const { group } = (object as unknown as Definition).spec
  if (!/(^|\.)(k8s|kubernetes)\.io$/.test(group)) return
  const approval = metadata.annotations?.[APPROVED]
  const field = `metadata.annotations[${APPROVED}]`
  const protectedGroups = `protected groups must have approval annotation ${JSON.stringify(APPROVED)}`
  const see = 'see https://github.com/kubernetes/enhancements/pull/1111'
  if (approval === undefined || approval === '') errors.push(required(field, `${protectedGroups}, ${see}`))
  else if (!approval.startsWith('unapproved') && !URL.canParse(approval)) {
    const wanted = 'with either a URL or a reason starting with "unapproved"'
    errors.push(invalid(field, approval, `${protectedGroups} ${wanted}, ${see}`))
  }
}

function checkVersion(version: Version, paths: Paths, isKept: boolean, errors: FieldError[]): void {
  const schema = version.schema?.openAPIV3Schema
  if (schema !== undefined && paths.schema !== undefined) {
    const found = [...validateStructure(schema, paths.schema), ...defaultErrors(schema, paths.schema)]
    errors.push(...found)
    if (found.length === 0) errors.push(...checkRules(schema, paths.schema, isKept))
  }
  if (paths.subresources !== undefined) checkScale(version, paths.subresources, errors)
  if (paths.columns !== undefined) checkColumns(version, paths.columns, errors)
  if (schema !== undefined && paths.selectable !== undefined) {
    checkSelectable(version, schema, paths.selectable, errors)
  }
}

/** Defaults must be what their own schema allows. */
function defaultErrors(schema: JsonSchema, path: string): FieldError[] {
  const { default: fallback, properties = {}, items, additionalProperties } = schema
  const own = fallback === undefined ? [] : validateBySchema(schema, fallback, '')
  const errors = own.map((error) => ({ ...error, message: withType(error), field: `${path}.default${error.field}` }))
  for (const [key, child] of Object.entries(properties)) {
    errors.push(...defaultErrors(child, `${path}.properties[${key}]`))
  }
  if (items !== undefined) errors.push(...defaultErrors(items, `${path}.items`))
  if (typeof additionalProperties === 'object') {
    errors.push(...defaultErrors(additionalProperties, `${path}.additionalProperties`))
  }
  return errors
}

/** Of a value of the wrong type its type is shown. */
function withType({ reason, message }: FieldError): string {
  const [, detail, type] = /^Invalid value: .*?:( .* "(\w+)")$/.exec(message) ?? []
  return reason === 'FieldValueTypeInvalid' && type !== undefined ? `Invalid value: "${type}":${detail}` : message
}

function checkColumns(version: Version, path: string, errors: FieldError[]): void {
  version.additionalPrinterColumns?.forEach((column, i) => {
    const at = `${path}[${i}]`
    const types = ['boolean', 'date', 'integer', 'number', 'string']
    const { name = '', type = '', format = '', jsonPath = '' } = column
    if (name === '') errors.push(required(`${at}.name`))
    if (type === '') errors.push(required(`${at}.type`, `must be one of ${types.join(',')}`))
    else if (!types.includes(type)) errors.push(invalid(`${at}.type`, type, `must be one of ${types.join(',')}`))
    const formats = ['byte', 'date', 'date-time', 'double', 'float', 'int32', 'int64', 'password']
    if (format !== '' && !formats.includes(format)) {
      errors.push(invalid(`${at}.format`, format, `must be one of ${formats.join(',')}`))
    }
    if (jsonPath === '') errors.push(required(`${at}.JSONPath`))
  })
}

function checkScale({ subresources }: Version, path: string, errors: FieldError[]): void {
  const scale = subresources?.scale
  if (scale === undefined) return
  const check = (name: keyof typeof scale, roots: readonly string[], where: string, needed: boolean) => {
    const value = scale[name] ?? ''
    const at = `${path}.scale.${name}`
    if (value === '') return needed ? void errors.push(required(at)) : undefined
    if (!value.startsWith('.')) errors.push(invalid(at, value, 'must be a simple json path starting with .'))
    else if (!roots.some((root) => value.startsWith(root)))
      errors.push(invalid(at, value, `should be a json path under ${where}`))
  }
  check('specReplicasPath', ['.spec.'], '.spec', true)
  check('statusReplicasPath', ['.status.'], '.status', true)
  check('labelSelectorPath', ['.spec.', '.status.'], 'either .spec or .status', false)
}

function checkSelectable(
  { selectableFields = [] }: Version,
  schema: JsonSchema,
  path: string,
  errors: FieldError[],
): void {
  const seen = new Set<string>()
  selectableFields.forEach(({ jsonPath = '' }, i) => {
    const at = `${path}[${i}].jsonPath`
    if (jsonPath === '') return void errors.push(required(at))
    const found = fieldAt(schema, jsonPath, false)
    if (typeof found === 'string') errors.push(invalid(at, jsonPath, `is an invalid path: ${found}`))
    else if (jsonPath.startsWith('.metadata'))
      errors.push(invalid(at, jsonPath, 'must not point to fields in metadata'))
    else if (!['string', 'boolean', 'integer'].includes(found.type ?? '')) {
      const detail =
        'must point to a field of type string, boolean or integer. Enum string fields and strings with formats are allowed.'
      errors.push(invalid(at, jsonPath, detail))
    }
    if (seen.has(jsonPath)) errors.push(duplicate(at, jsonPath))
    seen.add(jsonPath)
  })
  if (seen.size > MAX_SELECTABLE) errors.push(tooMany(path, seen.size, MAX_SELECTABLE))
}

function checkConversion(conversion: Conversion | undefined, errors: FieldError[]): void {
  if (conversion === undefined) return
  const { strategy = '', webhook } = conversion
  const path = 'spec.conversion'
  if (strategy === '') errors.push(required(`${path}.strategy`))
  else if (!['None', 'Webhook'].includes(strategy)) {
    errors.push(notSupported(`${path}.strategy`, strategy, ['None', 'Webhook']))
  }
  if (strategy !== 'Webhook') {
    const detail = 'should not be set when strategy is not set to Webhook'
    if (webhook?.clientConfig !== undefined) errors.push(forbidden(`${path}.webhookClientConfig`, detail))
    if ((webhook?.conversionReviewVersions ?? []).length > 0) {
      errors.push(forbidden(`${path}.conversionReviewVersions`, detail))
    }
    return
  }
  const config = webhook?.clientConfig
  const at = 'spec.conversion.webhookClientConfig'
  if (config === undefined) errors.push(required(at, 'required when strategy is set to Webhook'))
  else if ((config.url === undefined) === (config.service === undefined)) {
    errors.push(required(at, 'exactly one of url or service is required'))
  }
  const versions = webhook?.conversionReviewVersions ?? []
  const field = 'spec.conversion.conversionReviewVersions'
  if (versions.length === 0) errors.push(required(field))
  else if (!versions.some((one) => one === 'v1' || one === 'v1beta1')) {
    errors.push(invalid(field, versions, 'must include at least one of v1, v1beta1'))
  }
}

function checkStoredVersions(
  versions: Definition['spec']['versions'],
  stored: readonly string[],
  errors: FieldError[],
): void {
  stored.forEach((name, i) => {
    if (versions.some((one) => one.name === name)) return
    const detail = `missing from spec.versions; ${name} was previously a storage version, and must remain in spec.versions until a storage migration ensures no data remains persisted in ${name} and removes ${name} from status.storedVersions`
    errors.push(invalid(`status.storedVersions[${i}]`, name, detail))
  })
}
