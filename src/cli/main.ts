import { Command, CommanderError, Option } from 'commander'
import {
  label,
  port,
  quantity,
  runName,
  claimedVolume,
  secretVariable,
  usageError,
  wholeNumber,
  workerCount,
} from './option-values.ts'
import { addEvictionOptions } from './eviction-options.ts'
import { addImages } from './image-commands.ts'
import { exitCodeOf, showError } from './show-error.ts'

/** Each command is loaded when it is called, so that none pays for another. */
function commandLine(): Command {
  const program = new Command('shoal')
    .description('Parallel computing on containers, from one process to a Kubernetes cluster.')
    .version('0.1.0', '--version', 'print the version')
    .helpCommand(false)
    // Errors are shown by `showUsageError`, in our own words.
    .configureOutput({ outputError: () => {} })
    .enablePositionalOptions()
    .exitOverride()
  addRun(program)
  addSubmit(program)
  addUp(program)
  addDownAndStatus(program)
  addExplainAndPlan(program)
  addUtilization(program)
  addTopAndReplay(program)
  addBackups(program)
  addImages(program)
  addParts(program)
  return program
}

function addRun(program: Command): void {
  program
    .command('run')
    .description('run a program; its functions travel to worker pods')
    .argument('<file>', 'the program, TypeScript or JavaScript')
    .argument('[args...]', 'arguments of the program')
    .option('--context <name>', 'a context of the kubeconfig in place of an embedded cluster')
    .option('--kubeconfig <file>', 'the kubeconfig; alone, its current context (default: $KUBECONFIG, ~/.kube/config)')
    .option('-n, --namespace <name>', 'the namespace that the run lives in')
    .option('--name <name>', 'makes the run durable: started again under its name, it goes on where it was', runName)
    .option('--image <name>', 'the image of the pods (default: node: and the major version in use here)')
    .option('--workers <count>', 'worker pods: a number, or from..to for as many as the work needs', workerCount)
    .option('--threads <count>', 'threads in each worker pod', wholeNumber(1))
    .option('--memory <quantity>', 'memory of each worker pod, such as 512Mi', quantity)
    .option('--timeline <file>', 'write when each task ran where, for Perfetto or chrome://tracing')
    .option('--otlp <file>', 'write the same as OpenTelemetry spans, in OTLP JSON')
    .option('--metrics <address>', 'serve metrics for Prometheus meanwhile: a port of this machine, or host:port')
    .option('--json', 'progress as JSON, one event a line, on standard error')
    .option('-q, --quiet', 'no progress')
    .addHelpText(
      'after',
      `\nExamples:\n  shoal run main.ts 'corpus/**/*.txt'\n  shoal run --workers 0..8 main.ts --depth 3`,
    )
    .passThroughOptions()
    .action(async (file: string, args: readonly string[], options: object) => {
      const { runProgram } = await import('./run.ts')
      process.exitCode = await runProgram(file, args, options)
    })
}

/** Written out here, so that help and completion load nothing of a cluster. */
const RUNTIMES = ['process', 'docker', 'cri', 'simulated']

function addSubmit(program: Command): void {
  program
    .command('submit')
    .description('run a program whose driver runs in the cluster, too')
    .argument('<file>', 'the program, TypeScript or JavaScript')
    .argument('[args...]', 'arguments of the program')
    .option('--context <name>', 'a context of the kubeconfig')
    .option('--kubeconfig <file>', 'the kubeconfig (default: $KUBECONFIG, a cluster of this machine, ~/.kube/config)')
    .option('-n, --namespace <name>', 'the namespace that the run lives in')
    .option('--name <name>', 'what the run is called', runName)
    .option('--workers <count>', 'worker pods: a number, or from..to for as many as the work needs', workerCount)
    .option('--threads <count>', 'threads in each worker pod', wholeNumber(1))
    .option('--memory <quantity>', 'memory of each worker pod, such as 512Mi', quantity)
    .option('--driver-memory <quantity>', "memory of the driver's pod", quantity)
    .option('--image <name>', 'the Node image (default: node: and the major version in use here)')
    .option('--secret <variable=secret/key>', 'a variable of driver and workers, from a Secret', secretVariable)
    .option('--volume <name=claim>', 'volume://name/... for driver and workers, from a volume claim', claimedVolume)
    .option('--state-claim <name>', 'a volume claim for what is committed: a driver that is lost goes on from there')
    .option(
      '--service-account <name>',
      'as whom the driver talks to the cluster (default: shoal-driver, made with its rights)',
    )
    .option('-f, --follow', 'show what the driver writes until the run is over')
    .addHelpText(
      'after',
      `\nExamples:\n  shoal submit --context prod main.ts --depth 3\n  shoal submit --follow main.ts`,
    )
    .passThroughOptions()
    .action(async (file: string, args: readonly string[], options: object) => {
      const { submit } = await import('./submit/submit.ts')
      process.exitCode = await submit(file, args, options)
    })
  addRunsOfCluster(program)
}

function addRunsOfCluster(program: Command): void {
  const target = (command: Command) =>
    command
      .option('--context <name>', 'a context of the kubeconfig')
      .option('--kubeconfig <file>', 'the kubeconfig (default: $KUBECONFIG, a cluster of this machine, ~/.kube/config)')
  target(program.command('logs'))
    .description('show what the driver of a submitted run writes')
    .argument('<run>', 'its name')
    .option('-n, --namespace <name>', 'its namespace')
    .option('-f, --follow', 'until the run is over')
    .addHelpText('after', '\nExamples:\n  shoal logs nightly\n  shoal logs --follow nightly')
    .action(async (run: string, options) => {
      const { logs } = await import('./submit/logs.ts')
      process.exitCode = await logs(run, options)
    })
  target(program.command('operator'))
    .description('start the drivers of runs, and tell of those that are gone, until interrupted')
    .addHelpText('after', '\nExamples:\n  shoal operator --context prod')
    .action(async (options) => {
      const { operate } = await import('./operator/operator.ts')
      process.exitCode = await operate(options)
    })
}

function addUp(program: Command): void {
  addEvictionOptions(program.command('up'))
    .description('start a cluster that speaks the Kubernetes API')
    .option('--port <port>', 'the port to listen on; 0 for any free one', port, 6443)
    .option('--host <address>', 'the address to listen on', '127.0.0.1')
    .option('--data-dir <dir>', 'where objects and keys are kept (default: ~/.local/share/shoal)')
    .addOption(new Option('--in-memory', 'keep nothing: the cluster is gone when it ends').conflicts('dataDir'))
    .option('--nodes <count>', 'nodes, all on this machine', wholeNumber(0), 1)
    .addOption(new Option('--runtime <name>', 'what runs containers').choices(RUNTIMES).default('process'))
    .option('--cri-endpoint <socket>', "the CRI runtime's socket (default: unix:///run/containerd/containerd.sock)")
    .option('--scheduler-profile <name>', 'the profile for pods that name none', 'default-scheduler')
    .option('--api-only', 'no controllers, scheduler or nodes')
    .option('--enable-admission-plugins <names>', 'admission plugins beside the usual ones: NodeRestriction')
    .option('--audit-log <file>', 'where requests are recorded (default: audit.log in the data directory)')
    .option('--no-audit-log', 'record no requests')
    .option('--audit-policy-file <file>', 'what is recorded of which request, as a Policy of audit.k8s.io/v1')
    .option('--audit-log-maxsize <megabytes>', 'size at which the log is put aside (default: 67)', wholeNumber(1))
    .option('--audit-log-maxbackup <count>', 'logs put aside that are kept (default: 1)', wholeNumber(0))
    .option('--kubeconfig <file>', 'where to write the kubeconfig (default: in the data directory)')
    .option('--detach', 'go on in the background')
    .addHelpText(
      'after',
      `\nExamples:\n  shoal up --in-memory\n  shoal up --port 0 --nodes 3 --kubeconfig ./kubeconfig\n  shoal up --detach`,
    )
    .action(async (options) => {
      // A thread of Node's pool makes them while this one reads the cluster's code.
      const { createPortableKeys } = await import('../identity/portable-keys.ts')
      const adminKeys = options.detach === true ? undefined : createPortableKeys()
      const { up } = await import('./up.ts')
      process.exitCode = await up(options, adminKeys)
    })
}

function addDownAndStatus(program: Command): void {
  program
    .command('down')
    .description('stop a cluster that runs on this machine')
    .option('--port <port>', 'the one that listens there', port)
    .option('--all', 'every one')
    .addHelpText('after', '\nExamples:\n  shoal down\n  shoal down --port 6443')
    .action(async (options) => {
      const { down } = await import('./down.ts')
      process.exitCode = await down(options)
    })
  program
    .command('status')
    .description('say which clusters run on this machine, and what runs on them')
    .addOption(new Option('-o, --output <format>', 'in place of a table').choices(['json', 'yaml']))
    .addHelpText('after', '\nExamples:\n  shoal status\n  shoal status -o json')
    .action(async (options) => {
      const { status } = await import('./status.ts')
      process.exitCode = await status(options)
    })
}

function addBackups(program: Command): void {
  program
    .command('backup')
    .description('save all objects of a running cluster')
    .argument('<file>', 'where to write them; - for standard output')
    .option('--context <name>', 'a context of the kubeconfig')
    .option('--kubeconfig <file>', 'the kubeconfig (default: $KUBECONFIG, a cluster of this machine, ~/.kube/config)')
    .addHelpText('after', '\nExamples:\n  shoal backup cluster.shoal\n  shoal backup - | gzip > cluster.shoal.gz')
    .action(async (file, options) => {
      const { backup } = await import('./backup.ts')
      process.exitCode = await backup(file, options)
    })
  program
    .command('restore')
    .description('make the objects of a cluster what they were: of a running one, or of one to be started')
    .argument('<file>', 'what shoal backup has written')
    .option('--data-dir <dir>', 'of a cluster that does not run: the directory to start it with')
    .option('--context <name>', 'a context of the kubeconfig')
    .option('--kubeconfig <file>', 'the kubeconfig (default: $KUBECONFIG, a cluster of this machine, ~/.kube/config)')
    .addHelpText('after', '\nExamples:\n  shoal restore cluster.shoal\n  shoal restore cluster.shoal --data-dir ./data')
    .action(async (file, options) => {
      const { restore } = await import('./restore.ts')
      process.exitCode = await restore(file, options)
    })
}

function addTopAndReplay(program: Command): void {
  program
    .command('top')
    .description('show what runs are at: their stages and workers')
    .argument('[run]', 'that run alone')
    .option('-n, --namespace <name>', 'the namespace of the runs')
    .option('-A, --all-namespaces', 'runs of all namespaces')
    .option('--context <name>', 'a context of the kubeconfig')
    .option('--kubeconfig <file>', 'the kubeconfig (default: $KUBECONFIG, a cluster of this machine, ~/.kube/config)')
    .option('-w, --watch', 'again every two seconds, until interrupted')
    .addOption(new Option('-o, --output <format>', 'in place of text').choices(['json', 'yaml']))
    .addHelpText('after', '\nExamples:\n  shoal top\n  shoal top nightly --watch')
    .action(async (run, options) => {
      const { top } = await import('./top.ts')
      process.exitCode = await top(run, options)
    })
  program
    .command('replay')
    .description('run a task again that failed, here, with its input')
    .argument('<task>', 'its name, as the run that it failed in has told')
    .option('--inspect', 'wait for a debugger, and stop where the function is called')
    .addHelpText('after', '\nExamples:\n  shoal replay run-x4fd2-1\n  shoal replay run-x4fd2-1 --inspect')
    .action(async (task, options) => {
      const { replay } = await import('./replay.ts')
      process.exitCode = await replay(task, options)
    })
}

function addExplainAndPlan(program: Command): void {
  const output = () => new Option('-o, --output <format>', 'in place of text').choices(['json', 'yaml'])
  program
    .command('explain')
    .description('say why something waits or fails, with numbers and the smallest change that would help')
    .argument('<resource/name>', 'pod/NAME, job/NAME or deployment/NAME')
    .option('-n, --namespace <name>', 'its namespace')
    .option('--context <name>', 'a context of the kubeconfig')
    .option('--kubeconfig <file>', 'the kubeconfig (default: $KUBECONFIG, a cluster of this machine, ~/.kube/config)')
    .addOption(output())
    .addHelpText('after', '\nExamples:\n  shoal explain pod/web-0\n  shoal explain job/train -n science -o json')
    .action(async (target, options) => {
      const { explain } = await import('./explain.ts')
      process.exitCode = await explain(target, options)
    })
  program
    .command('plan')
    .description('say where things would go, what they would displace and what would not fit, without creating them')
    .requiredOption('-f, --filename <file>', 'YAML or JSON; - for standard input')
    .option('-n, --namespace <name>', 'the namespace of what names none')
    .option('--context <name>', 'a context of the kubeconfig')
    .option('--kubeconfig <file>', 'the kubeconfig (default: $KUBECONFIG, a cluster of this machine, ~/.kube/config)')
    .addOption(output())
    .addHelpText('after', '\nExamples:\n  shoal plan -f deployment.yaml\n  cat job.yaml | shoal plan -f - -o json')
    .action(async (options) => {
      const { plan } = await import('./plan.ts')
      process.exitCode = await plan(options)
    })
}

function addUtilization(program: Command): void {
  program
    .command('utilization')
    .description('say what is requested and used of a cluster, and what following recommendations would free')
    .option('--context <name>', 'a context of the kubeconfig')
    .option('--kubeconfig <file>', 'the kubeconfig (default: $KUBECONFIG, a cluster of this machine, ~/.kube/config)')
    .addOption(new Option('-o, --output <format>', 'in place of text').choices(['json', 'yaml']))
    .addHelpText('after', '\nExamples:\n  shoal utilization\n  shoal utilization -o json')
    .action(async (options) => {
      const { utilization } = await import('./utilization.ts')
      process.exitCode = await utilization(options)
    })
}

/** Parts of ours that join any API server. */
function addParts(program: Command): void {
  const part = (name: string, description: string, example: string) =>
    program
      .command(name)
      .description(description)
      .option('--context <name>', 'a context of the kubeconfig')
      .option('--kubeconfig <file>', 'the kubeconfig (default: $KUBECONFIG, a cluster of this machine, ~/.kube/config)')
      .addHelpText('after', `\nExamples:\n  ${example}`)
  addEvictionOptions(
    part('node', 'join an API server with this machine as a node', 'shoal node --kubeconfig node.kubeconfig'),
  )
    .option('--name <name>', "the node's name (default: what its certificate says, else the machine's)")
    .option('--address <address>', 'where the API server reaches this machine (default: found out)')
    .option('--port <port>', "the port of the node's own server; 0 for any free one", port, 10_250)
    .option('--client-ca <file>', "whose client certificates the node believes (default: the kubeconfig's authority)")
    .option('--label <key=value>', 'a label of the node; may be repeated', label, {})
    .option('--data-dir <dir>', "where pods' files and logs go (default: a temporary directory)")
    .addOption(new Option('--runtime <name>', 'what runs containers').choices(RUNTIMES).default('process'))
    .option('--cri-endpoint <socket>', "the engine's socket (default: containerd's or Docker's usual one)")
    .action(async ({ label: labels, ...options }) => {
      const { node } = await import('./node.ts')
      process.exitCode = await node({ ...options, labels })
    })
  part('scheduler', 'schedule the pods of an API server', 'shoal scheduler --kubeconfig scheduler.kubeconfig')
    .option('--scheduler-name <name>', 'of the pods that it serves (default: default-scheduler)')
    .action(async (options) => {
      const { scheduler } = await import('./control-loops.ts')
      process.exitCode = await scheduler(options)
    })
  part('controllers', 'run the controllers of an API server', 'shoal controllers --kubeconfig admin.kubeconfig').action(
    async (options) => {
      const { controllers } = await import('./control-loops.ts')
      process.exitCode = await controllers(options)
    },
  )
}

async function main(): Promise<void> {
  try {
    await commandLine().parseAsync()
  } catch (error) {
    if (error instanceof CommanderError) {
      process.exitCode = error.exitCode === 0 ? 0 : 2
      if (error.exitCode !== 0 && error.code !== 'commander.help') process.stderr.write(showError(usageError(error)))
      return
    }
    process.stderr.write(showError(error))
    process.exitCode = exitCodeOf(error)
  }
}

await main()
