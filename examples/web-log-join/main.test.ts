import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { linesOf } from '../run-example.ts'

const directory = mkdtempSync(join(tmpdir(), 'shoal-web-log-'))
afterAll(() => rmSync(directory, { recursive: true }))

test('the example prints what its few lines add up to', async () => {
  expect(await linesOf('web-log-join')).toEqual([
    '  4600 United Kingdom',
    '  2000 Germany',
    '  1200 United States',
    '  1200 unknown',
  ])
})

test('each country was sent what the requests of its people add up to; lines that were cut off are left out', async () => {
  const countries = ['Germany', 'France, metropolitan', 'Chile', 'Kenya']
  const users = Array.from({ length: 400 }, (_, user) => ({ user: `u${user}`, country: countries[(user * 7) % 4]! }))
  const sent = new Map<string, number>()
  const requests = Array.from({ length: 20_000 }, (_, index) => {
    const user = (index * 31) % 450
    if (index % 1000 === 999) return `u${user},/cut`
    const country = users[user]?.country ?? 'unknown'
    const bytes = 100 + ((index * index) % 9973)
    sent.set(country, (sent.get(country) ?? 0) + bytes)
    return `u${user},"/find?q=""${index}"", all",${bytes}`
  })
  const [requestsFile, usersFile] = [join(directory, 'requests.csv'), join(directory, 'users.csv')]
  writeFileSync(requestsFile, `user,path,bytes\n${requests.join('\n')}\n`)
  writeFileSync(usersFile, `user,country\n${users.map(({ user, country }) => `${user},"${country}"`).join('\n')}\n`)
  const expected = [...sent].sort(([, left], [, right]) => right - left)
  expect(await linesOf('web-log-join', requestsFile, usersFile)).toEqual(
    expected.map(([country, bytes]) => `${String(bytes).padStart(6)} ${country}`),
  )
})
