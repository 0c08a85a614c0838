import { readFile } from 'node:fs/promises'
import type { KubeObject } from '../api/object.ts'
import { ObjectsError } from './objects-error.ts'

/** The one object that a file of YAML or JSON holds; rejects with `OBJECTS_FILE` where it holds none or several. */
export async function readManifest(file: string): Promise<Partial<KubeObject> & Readonly<Record<string, unknown>>> {
  const { parseAllDocuments } = await import('yaml')
  const documents = parseAllDocuments(await textOf(file))
  const [first] = documents
  if (first === undefined || documents.length !== 1) {
    const current = 'empty' in documents ? 0 : documents.length
    throw badFile(file, `it holds ${current} documents`, 'one')
  }
  const [problem] = first.errors
  if (problem !== undefined) throw badFile(file, problem.message.split('\n')[0] ?? '', 'YAML or JSON')
  // Aliases that multiply are refused by the parser's own limit.
  const value: unknown = first.toJS()
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw badFile(file, 'it holds no object', 'apiVersion, kind and metadata')
  }
  return value as Partial<KubeObject> & Readonly<Record<string, unknown>>
}

export function badFile(file: string, current: string, expected: string): ObjectsError {
  const message = `Cannot read "${file}": ${current}, expected ${expected}`
  return new ObjectsError('OBJECTS_FILE', message, `look at ${file}`)
}

async function textOf(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8')
  } catch (cause) {
    const message = `Cannot read "${file}": ${(cause as Error).message}, expected a file of YAML or JSON`
    throw new ObjectsError('OBJECTS_FILE', message, 'check the path', { cause })
  }
}
