import { readFile, writeFile } from 'node:fs/promises'
import type { Definitions, GoFields, Paths } from './facts.ts'
import { generateProtobuf } from './protobuf.ts'
import type { Messages } from './protobuf.ts'
import { generateResources } from './resources.ts'
import { generateSchemas } from './schemas.ts'
import { generateTypes } from './type-modules.ts'

/** Writes everything under `src/api/generated/` anew from the published facts beside this file. */
async function main(): Promise<void> {
  const facts = new URL('./kubernetes/', import.meta.url)
  const target = new URL('../../src/api/generated/', import.meta.url)
  const read = async <T>(name: string): Promise<T> => JSON.parse(await readFile(new URL(name, facts), 'utf8'))
  const definitions = await read<Definitions>('openapi-definitions.json')
  const paths = await read<Paths>('paths.json')
  for (const [module, source] of generateTypes(definitions)) await writeFile(new URL(`${module}.ts`, target), source)
  await writeFile(new URL('schemas.ts', target), generateSchemas(definitions, await read<GoFields>('go-fields.json')))
  const messages = await read<Messages>('protobuf-messages.json')
  await writeFile(new URL('protobuf.ts', target), generateProtobuf(messages, definitions))
  await writeFile(new URL('resources.ts', target), generateResources(definitions, paths))
}

await main()
