import { expect, test } from 'vitest'
import { goProgram, whyNotBuilt } from '../reference/go-programs.ts'
import { startApiServer } from '../api-server.ts'
import { openShell } from './shell.ts'

/** A Go program is built by `npm run conformance -- --build`; tests run what is there. */
const why = whyNotBuilt('client-go-informer')
if (why !== undefined) console.log(`skipped: ${why}`)

test.skipIf(why !== undefined)('a client-go program creates, updates, applies and follows by an informer', async () => {
  await using server = await startApiServer()
  using shell = openShell(server.admin)
  const program = await goProgram('client-go-informer')
  expect((await shell.must(program, shell.kubeconfig)).split('\n')).toEqual([
    'synced *v1.ConfigMap true',
    'added from-go map[a:1]',
    'updated from-go map[a:2]',
    'updated from-go map[a:2 b:3]',
    'cached map[a:2 b:3]',
    'deleted from-go map[a:2 b:3]',
    'not found true',
    '',
  ])
})
