import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/**
 * `node test/reference/record-go-forms.ts`: writes down the fields of Kubernetes' internal types, in order, as far as its
 * messages show values of them. Needs Go, for the sources of the module that the conformance suite pins.
 */
const ROOTS = [
  'core.PodSpec',
  'core.PodTemplateSpec',
  'core.EphemeralContainer',
  'core.PersistentVolumeClaimSpec',
  'core.PersistentVolumeSource',
  'core.VolumeNodeAffinity',
  'batch.PodFailurePolicy',
  'batch.SuccessPolicy',
  'policy.PodDisruptionBudgetSpec',
  'rbac.RoleRef',
  'storage.VolumeAttachmentSpec',
  'storage.CSINodeDriver',
  'networking.ParentReference',
  'resource.ResourceClaimSpec',
  'resource.ResourceClaimTemplateSpec',
  'resource.AllocationResult',
  'resource.DeviceClassSpec',
  'resource.ResourceSliceSpec',
  'core.ObjectReference',
  'core.EventSource',
  'apiextensions.CustomResourceDefinitionVersion',
]
const GROUPS = ['core', 'apps', 'batch', 'policy', 'rbac', 'storage', 'networking', 'resource']

const module = fileURLToPath(new URL('../conformance', import.meta.url))
const folderOf = (name: string) =>
  execFileSync('go', ['list', '-m', '-f', '{{.Dir}}', name], { cwd: module }).toString().trim()
const directory = folderOf('k8s.io/kubernetes')
const extensions = join(folderOf('k8s.io/apiextensions-apiserver'), 'pkg/apis/apiextensions')

/** The files with a group's internal types. */
const SOURCES: readonly (readonly [group: string, file: string])[] = [
  ...GROUPS.map((group) => [group, join(directory, 'pkg/apis', group, 'types.go')] as const),
  ...['types.go', 'types_jsonschema.go'].map((file) => ['apiextensions', join(extensions, file)] as const),
]

interface Field {
  readonly name: string
  readonly type: string
}

const PREDECLARED = new Set(['string', 'bool', 'int', 'int32', 'int64', 'uint', 'byte', 'float64'])
const structs = new Map<string, readonly Field[]>()
const others = new Map<string, string>()

for (const [group, file] of SOURCES) {
  const source = readFileSync(file, 'utf8')
  for (const [, name = '', body = ''] of source.matchAll(/^type (\w+) struct \{\n(.*?)^\}/gms)) {
    structs.set(`${group}.${name}`, fieldsOf(body, group))
  }
  for (const [, name = '', type = ''] of source.matchAll(/^type (\w+) ([\w.[\]*]+)$/gm)) {
    others.set(`${group}.${name}`, qualified(type, group))
  }
}

function fieldsOf(body: string, group: string): readonly Field[] {
  return body.split('\n').flatMap((line) => {
    const text = line
      .replace(/\/\/.*/, '')
      .replace(/`.*`/, '')
      .trim()
    const [, names, type] = /^(\w+(?:, \w+)*)\s+(\S.*)$/.exec(text) ?? []
    if (names !== undefined && type !== undefined) {
      return names.split(', ').map((name) => ({ name, type: qualified(type.trim(), group) }))
    }
    return /^[\w.]+$/.test(text) ? [{ name: '', type: qualified(text, group) }] : []
  })
}

/** A type with the package of every name in it: `[]core.Volume`. */
function qualified(type: string, group: string): string {
  return type
    .replaceAll(/(?<![\w.])([A-Za-z_]\w*)(?![\w.])/g, (name) =>
      PREDECLARED.has(name) || name === 'map' ? name : `${group}.${name}`,
    )
    .replaceAll('api.', 'core.')
}

/** Named strings, lists and maps as what they are. */
function resolved(type: string): string {
  return type.replaceAll(/\w+\.\w+/g, (name) => (others.has(name) ? resolved(others.get(name) ?? '') : name))
}

const wanted = [...ROOTS]
const found = new Map<string, string>()
for (let name = wanted.pop(); name !== undefined; name = wanted.pop()) {
  const fields = structs.get(name)
  if (found.has(name) || fields === undefined) continue
  const types = fields.map((field) => ({ ...field, type: resolved(field.type) }))
  found.set(name, types.map(({ name: field, type }) => `${field}:${type}`).join(' '))
  for (const { type } of types) wanted.push(...(type.match(/\w+\.\w+/g) ?? []))
}
const lines = [...found].sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, text]) => `  '${name}': '${text}',`)
const head =
  '// Recorded by test/reference/record-go-forms.ts; do not edit. Fields without a name are those of their type.'
const source = `${head}\nexport const GO_FORMS: Readonly<Record<string, string>> = {\n${lines.join('\n')}\n}\n`
writeFileSync(new URL('../../src/api/generated/go-forms.ts', import.meta.url), source)
console.log(`${found.size} types`)
