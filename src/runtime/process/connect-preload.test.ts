import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'

const PRELOAD = path.join(import.meta.dirname, 'connect-preload.cjs')
const SERVICE = '127.239.241.7'

/** Servers that answer with their name, and links that say where endpoints are. */
async function scene() {
  const directory = mkdtempSync(path.join(tmpdir(), 'endpoints-'))
  const servers: ReturnType<typeof createServer>[] = []
  return {
    async serve(name: string, host = '127.0.0.1', port = 0): Promise<number> {
      const server = createServer((_, response) => response.setHeader('connection', 'close').end(name))
      servers.push(server)
      await new Promise<void>((resolve, reject) => server.on('error', reject).listen(port, host, resolve))
      return (server.address() as AddressInfo).port
    },
    link: (port: number, text: string) => symlinkSync(text, path.join(directory, `${SERVICE}:${port}`)),
    async run(code: string, env: Record<string, string> = {}): Promise<string> {
      const all = { SHOAL_ENDPOINTS: directory, ...env }
      const args = ['--require', PRELOAD, '--input-type=module', '-e', `${ASK}\n${code}`]
      return (await promisify(execFile)(process.execPath, args, { env: all })).stdout
    },
    [Symbol.dispose]() {
      for (const server of servers) server.close()
      rmSync(directory, { recursive: true })
    },
  }
}

const ASK = `
import { get } from 'node:http'
const ask = (port) => new Promise((resolve) => get({ host: '${SERVICE}', port, agent: false }, async (response) => {
  const { remoteAddress, remotePort } = response.socket
  resolve([Buffer.concat(await response.toArray()).toString(), remoteAddress, remotePort].join(' '))
}).on('error', (error) => resolve(error.message)))
`

test('connections to a Service go to its endpoints in turn, and say that they go to the Service', async () => {
  using at = await scene()
  const [a, b] = [await at.serve('a'), await at.serve('b')]
  at.link(80, `127.0.0.1:${a},127.0.0.1:${b}`)
  const lines = (await at.run('for (let i = 0; i < 4; i++) console.log(await ask(80))')).trim().split('\n')
  const [first = '', second = ''] = lines
  expect([first, second].sort()).toEqual([`a ${SERVICE} 80`, `b ${SERVICE} 80`])
  expect(lines).toEqual([first, second, first, second])
  expect(await at.run(`console.log(await (await fetch('http://${SERVICE}/')).text())`)).toMatch(/^[ab]\n$/)
})

test('a change of endpoints is seen by the next connection', async () => {
  using at = await scene()
  const [a, b] = [await at.serve('a'), await at.serve('b')]
  at.link(80, `127.0.0.1:${a}`)
  const change = `const { symlinkSync, renameSync } = await import('node:fs')
    console.log(await ask(80))
    const at = process.env.SHOAL_ENDPOINTS
    symlinkSync('127.0.0.1:${b}', at + '/next')
    renameSync(at + '/next', at + '/${SERVICE}:80')
    console.log(await ask(80))`
  expect(await at.run(change)).toBe(`a ${SERVICE} 80\nb ${SERVICE} 80\n`)
})

test('what is left to the balancer, and whom no endpoint answers, the balancer gets', async () => {
  using at = await scene()
  const balancer = await at.serve('balancer', SERVICE)
  const gone = await at.serve('balancer', SERVICE)
  at.link(balancer, '-')
  at.link(gone, '127.239.241.9:9')
  const code = `console.log(await ask(${balancer})); console.log(await ask(${gone}))`
  expect(await at.run(code)).toBe(`balancer ${SERVICE} ${balancer}\nbalancer ${SERVICE} ${gone}\n`)
})

test('a Service without endpoints refuses, by its own address', async () => {
  using at = await scene()
  const unused = await at.serve('short-lived')
  at.link(unused, `127.239.241.9:9`)
  const refused = (port: number) => `connect ECONNREFUSED ${SERVICE}:${port}`
  expect(await at.run(`console.log(await ask(${unused})); console.log(await ask(9))`)).toBe(
    `${refused(unused)}\n${refused(9)}\n`,
  )
})

test('a low port of a Service is where the balancer has it, unless it has endpoints', async () => {
  using at = await scene()
  const shifted = await at.serve('balancer', SERVICE)
  const endpoint = await at.serve('endpoint')
  at.link(81, `127.0.0.1:${endpoint}`)
  const code = `const low = ${shifted} - process.env.SHOAL_PORT_SHIFT
    console.log(await ask(low), await ask(81))`
  const output = await at.run(code, { SHOAL_PORT_SHIFT: String(shifted - 80) })
  expect(output).toBe(`balancer ${SERVICE} ${shifted} endpoint ${SERVICE} 81\n`)
})
