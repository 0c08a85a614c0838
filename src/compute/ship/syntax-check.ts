import { refusal } from './capture-state.ts'
import type { Place } from './capture-state.ts'
import { importTarget } from './imports.ts'
import type { Registered } from './registry.ts'

/** Refuses functions whose syntax ties them to where they stand. */
export function checkSyntax({ site, source }: Registered, captured: Place): void {
  const name = site.name || captured.name
  const place = { name, source, offset: site.start }
  const tie = site.bound[0]
  if (tie !== undefined)
    throw refusal('SHIP_SYNTAX', place, `it uses ${tie} of what surrounds it`, 'Pass the value in a variable.', false)
  const dynamic = site.dynamicImports.find(({ specifier }) => importTarget(specifier, source.file) === 'user')
  if (dynamic)
    throw refusal(
      'SHIP_SYNTAX',
      { name: dynamic.specifier, source, offset: dynamic.at < 0 ? site.start : dynamic.at },
      'it is imported only when the function runs, where your files are not',
      'Import it at the top of the file.',
    )
}
