import { describe, expect, test } from 'vitest'
import { packagedClient } from './packaged.ts'
import { shellOnCluster } from './shell-on-cluster.ts'
import type { Shell } from './shell.ts'

const program = packagedClient('kubectl')

/** Certificates as people get them: openssl asks, kubectl approves, the cluster signs. */
describe.skipIf(program === undefined)('kubectl certificate', () => {
  const shell = shellOnCluster(0)

  const kubectl = (line: string, input?: string) =>
    shell().must(program ?? '', line, input === undefined ? {} : { input })

  test('asks for a certificate, approves it and gets one that the cluster knows', async () => {
    const { stdout: request } = await certificateRequest(shell())
    const object = {
      apiVersion: 'certificates.k8s.io/v1',
      kind: 'CertificateSigningRequest',
      metadata: { name: 'eve' },
      spec: { request, signerName: 'kubernetes.io/kube-apiserver-client', usages: ['client auth'] },
    }
    await kubectl('create -f -', JSON.stringify(object))
    expect(await kubectl('get csr eve')).toMatch(
      /^eve\s+\S+\s+kubernetes\.io\/kube-apiserver-client\s+\S+\s+<none>\s+Pending$/m,
    )
    expect(await kubectl('certificate approve eve')).toContain('approved')
    await kubectl('wait csr/eve --for=jsonpath={.status.certificate} --timeout=30s')
    const certificate = Buffer.from(await kubectl('get csr eve -o jsonpath={.status.certificate}'), 'base64').toString()
    const files = `--client-certificate=${shell().write('eve.crt', certificate)} --client-key=${shell().directory}/eve.key`
    await kubectl(`config set-credentials eve ${files}`)
    expect(await kubectl('auth whoami --user=eve')).toMatch(/Username\s+eve/)
  })
})

/** A key in `eve.key` and a request for a certificate of it, as openssl makes them. */
async function certificateRequest(shell: Shell): Promise<{ readonly stdout: string }> {
  const subject = '/O=testers/CN=eve'
  const args = ['req', '-new', '-newkey', 'rsa:2048', '-nodes', '-keyout', 'eve.key', '-subj', subject]
  const { out } = await shell.run('openssl', args)
  return { stdout: Buffer.from(out).toString('base64') }
}
