import { writeFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { createHttpClient } from '../../src/client/http.ts'
import { CASES, pemFor } from '../certificates/cases.ts'
import type { Outcome } from '../certificates/cases.ts'
import { playCertificates } from '../certificates/play.ts'
import { KUBERNETES_VERSION } from './go-programs.ts'
import { startReference, whyNoControllers, whyNoReference } from './start-reference.ts'

const QUIET_MS = 5_000

/**
 * `node test/reference/record-certificates.ts`: asks a real cluster for certificates of every sort, and writes what became of the
 * requests into test/certificates/recorded.json, where a test plays it.
 */
async function main(): Promise<void> {
  const missing = whyNoReference() ?? whyNoControllers()
  if (missing !== undefined) return void console.log(`skipped: ${missing}`)
  await using reference = await startReference({ controllers: true })
  const asked = CASES.map((one) => ({ ...one, request: pemFor(one).request }))
  const clientFor = (name: string, groups: readonly string[]) =>
    createHttpClient(reference.server.endpointFor(name, groups))
  let last = ''
  // Nothing says that nobody has anything more to do: it is over when nothing has changed for a while.
  const isSettled = async (found: readonly Outcome[]) => {
    const before = last
    last = JSON.stringify(found)
    if (before !== last) await sleep(QUIET_MS)
    return before === last
  }
  const outcomes = await playCertificates(clientFor, asked, isSettled)
  const cases = asked.map((one, i) => ({ ...one, outcome: outcomes[i] }))
  const text = JSON.stringify({ kubernetes: KUBERNETES_VERSION.slice(1), cases }, null, 1)
  writeFileSync(new URL('../certificates/recorded.json', import.meta.url), `${text}\n`)
  console.log(`${cases.length} requests recorded`)
}

await main()
