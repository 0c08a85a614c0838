import type { SeccompProfile } from './profile.ts'
import { syscallNumbers } from './syscall-numbers.ts'
import type { Architecture } from './syscall-numbers.ts'

/** Calls that need a capability: the default lets those through whose capability the container has. */
const WITH_CAPABILITY: Readonly<Record<string, string>> = {
  BPF: 'bpf',
  DAC_READ_SEARCH: 'open_by_handle_at',
  PERFMON: 'perf_event_open',
  SYSLOG: 'syslog',
  SYS_ADMIN:
    'bpf clone3 fanotify_init fsconfig fsmount fsopen fspick listmount lookup_dcookie mount mount_setattr move_mount open_tree ' +
    'open_tree_attr perf_event_open quotactl quotactl_fd setdomainname sethostname setns statmount syslog umount2 unshare',
  SYS_BOOT: 'reboot',
  SYS_CHROOT: 'chroot',
  SYS_MODULE: 'delete_module finit_module init_module',
  SYS_NICE: 'get_mempolicy mbind set_mempolicy set_mempolicy_home_node',
  SYS_PACCT: 'acct',
  SYS_PTRACE: 'kcmp pidfd_getfd process_madvise',
  SYS_RAWIO: 'ioperm iopl',
  SYS_TIME: 'clock_settime settimeofday',
  SYS_TTY_CONFIG: 'vhangup',
}

/** Calls that no container makes under the default: of the whole machine's, long gone, or with a history of holes. */
const NEVER =
  '_sysctl add_key afs_syscall create_module get_kernel_syms getpmsg io_uring_enter io_uring_register io_uring_setup ' +
  'kexec_file_load kexec_load keyctl lsm_get_self_attr lsm_list_modules lsm_set_self_attr migrate_pages move_pages ' +
  'nfsservctl pivot_root putpmsg query_module request_key security swapoff swapon sysfs tuxcall userfaultfd uselib ustat ' +
  'vserver'

/** Namespaces of one's own: `CLONE_NEWNS` and its like, all of them. */
const NEW_NAMESPACES = 0x7e020000
const AF_VSOCK = 40
const ENOSYS = 38
/** Those of `personality` that change nothing of how the kernel protects a process; the last one asks. */
const PERSONALITIES = [0, 0x8, 0x20000, 0x20008, 0xffffffff]

const words = (text: string) => text.split(' ')

/**
 * The default of container engines (Docker's and containerd's are one), as `RuntimeDefault` asks for it: all calls but
 * some. `capabilities` are the container's, without `CAP_`; undefined: all.
 */
export function defaultProfile(
  architecture: Architecture,
  capabilities: readonly string[] | undefined,
): SeccompProfile {
  const has = (name: string) => capabilities === undefined || capabilities.includes(name)
  const entries = Object.entries(WITH_CAPABILITY)
  const regained = new Set(entries.flatMap(([name, calls]) => (has(name) ? words(calls) : [])))
  const kept = [...entries.flatMap(([, calls]) => words(calls)), ...words(NEVER)]
  const isAdmin = has('SYS_ADMIN')
  const withRules = ['personality', 'socket', ...(isAdmin ? [] : ['clone'])]
  const refused = new Set([...kept.filter((name) => !regained.has(name)), ...withRules])
  const allow = (name: string, op: string, value: number) => ({
    names: [name],
    action: 'SCMP_ACT_ALLOW',
    args: [{ index: 0, op, value: BigInt(value) }],
  })
  return {
    defaultAction: 'SCMP_ACT_ERRNO',
    syscalls: [
      {
        names: [...syscallNumbers(architecture).keys()].filter((name) => !refused.has(name)),
        action: 'SCMP_ACT_ALLOW',
      },
      ...PERSONALITIES.map((value) => allow('personality', 'SCMP_CMP_EQ', value)),
      allow('socket', 'SCMP_CMP_NE', AF_VSOCK),
      // Its arguments lie in memory, where no filter sees them: as on a kernel that lacks it, so that `clone` is used.
      ...(isAdmin
        ? []
        : [
            allow('clone', 'SCMP_CMP_MASKED_EQ', NEW_NAMESPACES),
            { names: ['clone3'], action: 'SCMP_ACT_ERRNO', errnoRet: ENOSYS },
          ]),
    ],
  }
}
