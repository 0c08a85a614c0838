import { discardPrepared, prepareEmbedded } from '../../connect/embedded-cluster.ts'

export { discardPrepared }

/** Options of `shoal run` that have no value. */
const FLAGS = new Set(['--json', '--quiet', '-q'])
/** Whoever names a cluster gets that one. */
const NAMES_CLUSTER = /^--(context|kubeconfig)(=|$)/

/** What imports `shoal` opens sessions. */
const IMPORTS_SHOAL = /\bfrom\s*['"]shoal['"]/

/**
 * Begins the cluster that a program is going to ask for, before anything of it or of the command line is read but the program's text: where
 * nobody has said which cluster it runs on, and it imports `shoal`. `args` are those of `shoal run`, which are looked through and not
 * judged: what turns out not to be wanted is discarded.
 */
export function prepareFor(args: readonly string[]): void {
  const file = programIn(args)
  if (file !== undefined && IMPORTS_SHOAL.test(textOf(file))) prepareEmbedded()
}

/** The program among the arguments; undefined where there is none, or where a cluster is named before it. */
export function programIn(args: readonly string[]): string | undefined {
  for (let at = 0; at < args.length; at++) {
    const arg = args[at]!
    if (NAMES_CLUSTER.test(arg)) return undefined
    if (!arg.startsWith('-')) return arg
    if (arg === '--') return args[at + 1]
    if (!FLAGS.has(arg) && !arg.includes('=')) at++
  }
  return undefined
}

/** What cannot be read is told of by whoever runs it. */
function textOf(file: string): string {
  try {
    return process.getBuiltinModule('node:fs').readFileSync(file, 'utf8')
  } catch {
    return ''
  }
}
