import { X509Certificate } from 'node:crypto'
import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { once } from 'node:events'
import https from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TLSSocket } from 'node:tls'
import { expect, test } from 'vitest'
import { systemEnvironment } from '../env/system.ts'
import { createAuthority, isCurrent, loadAuthority } from './authority.ts'
import { createTokenKey } from './json-web-token.ts'
import { openClusterIdentity, SERVER_HOSTS } from './key-files.ts'

const environment = systemEnvironment()

test('a client certificate authenticates over TLS as its common name and organizations', async () => {
  const authority = createAuthority(environment, 'kubernetes')
  const pair = authority.issueServer('kube-apiserver', ['127.0.0.1', 'localhost', '::1'])
  const tls = { cert: pair.certificate, key: pair.key, ca: authority.certificate, requestCert: true }
  const server = https.createServer({ ...tls, rejectUnauthorized: false }, (request, response) => {
    const socket = request.socket as TLSSocket
    response.end(JSON.stringify({ authorized: socket.authorized, subject: socket.getPeerCertificate().subject }))
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const client = authority.issueClient('ann', ['system:masters', 'dev'])
  const options = { cert: client.certificate, key: client.key, ca: authority.certificate, host: '127.0.0.1' }
  const request = https.get({ ...options, port: (server.address() as AddressInfo).port, agent: false })
  const [response] = await once(request, 'response')
  const answer = JSON.parse((await response.toArray()).join(''))
  // Values of one attribute are a set, whose members DER puts in order.
  expect(answer).toEqual({ authorized: true, subject: { CN: 'ann', O: ['dev', 'system:masters'] } })
  server.close()
})

test('an authority that was kept issues certificates that the first one vouches for', () => {
  const first = createAuthority(environment, 'kubernetes')
  const second = loadAuthority(environment, { certificate: first.certificate, key: first.key })
  const pair = second.issueServer('kube-apiserver', SERVER_HOSTS)
  expect(isCurrent(pair, first, environment.clock.now(), SERVER_HOSTS)).toBe(true)
  expect(isCurrent(pair, first, environment.clock.now(), ['other.example'])).toBe(false)
  expect(isCurrent(pair, createAuthority(environment, 'kubernetes'), environment.clock.now())).toBe(false)
  expect(new X509Certificate(first.certificate).ca).toBe(true)
})

test('a token is accepted only whole, with its own key and algorithm', () => {
  const key = createTokenKey()
  const token = key.sign({ sub: 'system:serviceaccount:a:b' })
  expect(key.verify(token)).toEqual({ sub: 'system:serviceaccount:a:b' })
  expect(createTokenKey(key.privateKeyPem).verify(token)).toBeDefined()
  expect(createTokenKey().verify(token)).toBeUndefined()
  expect(key.verify(`${token.slice(0, -4)}AAAA`)).toBeUndefined()
  const unsigned = Buffer.from('{"alg":"none"}').toString('base64url')
  expect(key.verify(`${unsigned}.${token.split('.')[1]}.`)).toBeUndefined()
})

test('an identity with a directory is the same again when it is opened again, and private', () => {
  const directory = mkdtempSync(join(tmpdir(), 'identity-'))
  try {
    const pki = join(directory, 'pki')
    const first = openClusterIdentity(environment, pki)
    const admin = first.client('admin', 'kubernetes-admin', ['system:masters'])
    const token = first.serviceAccountKey.sign({ a: 1 })
    const again = openClusterIdentity(environment, pki)
    expect(again.authority.certificate).toBe(first.authority.certificate)
    expect(again.client('admin', 'kubernetes-admin', ['system:masters'])).toEqual(admin)
    expect(again.server(SERVER_HOSTS)).toEqual(first.server(SERVER_HOSTS))
    expect(again.serviceAccountKey.verify(token)).toEqual({ a: 1 })
    expect(statSync(join(pki, 'ca.key')).mode & 0o777).toBe(0o600)
    expect(statSync(pki).mode & 0o777).toBe(0o700)
  } finally {
    rmSync(directory, { recursive: true })
  }
})
