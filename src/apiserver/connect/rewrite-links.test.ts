import { expect, test } from 'vitest'
import { parseProxyName } from '../subresources/proxy-name.ts'
import { rewriteLink, rewriteLinks } from './rewrite-links.ts'

const REWRITING = { prefix: '/api/v1/namespaces/x/pods/y:80/proxy', host: '10.1.2.3:80', requestHost: 'api:6443' }

test('absolute links of a proxied page lead through the proxy, others stay (apimachinery proxy.Transport)', () => {
  const page = `<html><a href="/rewriteme">test</a><a href='/b?c=d#e'>1</a><img src=x src="relative.png">
    <a href="http://elsewhere/a">2</a><a href="http://10.1.2.3:80/here">3</a><p title="/untouched">/text</p></html>`
  expect(rewriteLinks(page, REWRITING)).toBe(
    `<html><a href="/api/v1/namespaces/x/pods/y:80/proxy/rewriteme">test</a><a href='/api/v1/namespaces/x/pods/y:80/proxy/b?c=d#e'>1</a><img src=x src="relative.png">
    <a href="http://elsewhere/a">2</a><a href="/api/v1/namespaces/x/pods/y:80/proxy/here">3</a><p title="/untouched">/text</p></html>`,
  )
  expect(rewriteLink(`${REWRITING.prefix}/already`, REWRITING)).toBe(`${REWRITING.prefix}/already`)
})

test.each([
  ['web', { name: 'web', port: '', isSecure: false }],
  ['web:80', { name: 'web', port: '80', isSecure: false }],
  ['https:web:', { name: 'web', port: '', isSecure: true }],
  ['http:web:named', { name: 'web', port: 'named', isSecure: false }],
  ['ftp:web:1', undefined],
  ['a:b:c:d', undefined],
  [':80', undefined],
])('the name of what is proxied to, "%s", is read as Kubernetes reads it', (text, wanted) => {
  expect(parseProxyName(text)).toEqual(wanted)
})
