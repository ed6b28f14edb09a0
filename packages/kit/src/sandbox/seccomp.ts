/**
 * The system calls that a program needs to read open files, compute, and write to open pipes; all others answer EPERM.
 *
 * So there is no network (no socket can be made), no file can be made, changed, renamed or removed, no process but
 * itself exists, and nothing can be traced, mounted or loaded. Numbers: asm/unistd_64.h and asm-generic/unistd.h of Linux.
 */
export const systemCalls: ReadonlyArray<readonly [name: string, x64: number | null, arm64: number | null]> = [
  ['read', 0, 63],
  ['write', 1, 64],
  ['close', 3, 57],
  ['stat', 4, null],
  ['fstat', 5, 80],
  ['lstat', 6, null],
  ['poll', 7, null],
  ['lseek', 8, 62],
  ['mmap', 9, 222],
  ['mprotect', 10, 226],
  ['munmap', 11, 215],
  ['brk', 12, 214],
  ['rt_sigaction', 13, 134],
  ['rt_sigprocmask', 14, 135],
  ['rt_sigreturn', 15, 139],
  ['ioctl', 16, 29],
  ['pread64', 17, 67],
  ['readv', 19, 65],
  ['writev', 20, 66],
  ['access', 21, null],
  ['pipe', 22, null],
  ['select', 23, null],
  ['sched_yield', 24, 124],
  ['mremap', 25, 216],
  ['mincore', 27, 232],
  ['madvise', 28, 233],
  ['dup', 32, 23],
  ['dup2', 33, null],
  ['nanosleep', 35, 101],
  ['getpid', 39, 172],
  ['execve', 59, 221],
  ['exit', 60, 93],
  ['wait4', 61, 260],
  ['uname', 63, 160],
  ['fcntl', 72, 25],
  ['getcwd', 79, 17],
  ['readlink', 89, null],
  ['gettimeofday', 96, 169],
  ['getrlimit', 97, 163],
  ['getrusage', 98, 165],
  ['sysinfo', 99, 179],
  ['times', 100, 153],
  ['getuid', 102, 174],
  ['getgid', 104, 176],
  ['geteuid', 107, 175],
  ['getegid', 108, 177],
  ['getppid', 110, 173],
  ['getgroups', 115, 158],
  ['getresuid', 118, 148],
  ['getresgid', 120, 150],
  ['capget', 125, 90],
  // setpriv(1) itself, after the filter holds; nobody gains a capability by it.
  ['capset', 126, 91],
  ['sigaltstack', 131, 132],
  ['sched_getparam', 143, 121],
  ['sched_getscheduler', 145, 120],
  ['prctl', 157, 167],
  ['arch_prctl', 158, null],
  ['gettid', 186, 178],
  ['futex', 202, 98],
  ['sched_getaffinity', 204, 123],
  ['getdents64', 217, 61],
  ['set_tid_address', 218, 96],
  ['restart_syscall', 219, 128],
  ['clock_gettime', 228, 113],
  ['clock_getres', 229, 114],
  ['clock_nanosleep', 230, 115],
  ['exit_group', 231, 94],
  ['epoll_wait', 232, null],
  ['epoll_ctl', 233, 21],
  ['tgkill', 234, 131],
  ['newfstatat', 262, 79],
  ['readlinkat', 267, 78],
  ['faccessat', 269, 48],
  ['pselect6', 270, 72],
  ['ppoll', 271, 73],
  ['set_robust_list', 273, 99],
  ['epoll_pwait', 281, 22],
  ['eventfd2', 290, 19],
  ['epoll_create1', 291, 20],
  ['dup3', 292, 24],
  ['pipe2', 293, 59],
  ['preadv', 295, 69],
  ['prlimit64', 302, 261],
  ['getrandom', 318, 278],
  ['membarrier', 324, 283],
  ['pkey_mprotect', 329, 288],
  ['pkey_alloc', 330, 289],
  ['pkey_free', 331, 290],
  ['statx', 332, 291],
  ['rseq', 334, 293],
  ['faccessat2', 439, 439],
  ['epoll_pwait2', 441, 441],
  // setpriv(1) again: they only take rights away.
  ['landlock_create_ruleset', 444, 444],
  ['landlock_add_rule', 445, 445],
  ['landlock_restrict_self', 446, 446],
];

const machines = {
  x64: { audit: 0xc000_003e, column: 1, open: 2, openat: 257, clone: 56 },
  arm64: { audit: 0xc000_00b7, column: 2, open: null, openat: 56, clone: 220 },
} as const;

const clone3 = 435;

// linux/bpf_common.h and linux/seccomp.h
const load = 0x20; // BPF_LD | BPF_W | BPF_ABS
const ifEqual = 0x15; // BPF_JMP | BPF_JEQ | BPF_K
const ifAnyBit = 0x45; // BPF_JMP | BPF_JSET | BPF_K
const give = 0x06; // BPF_RET | BPF_K
const allow = 0x7fff_0000;
const kill = 0x8000_0000; // SECCOMP_RET_KILL_PROCESS
const failWith = (errno: number) => 0x0005_0000 | errno;
const eperm = 1;
const enosys = 38;

/** Bits of open(2) that make or change a file: O_WRONLY, O_RDWR, O_CREAT, O_TRUNC, the bit of O_TMPFILE. */
const writing = 0o1 | 0o2 | 0o100 | 0o1000 | 0o20000000;
const tmpfile = 0o20000000;
const cloneThread = 0x0001_0000;

type Instruction = readonly [code: number, ifTrue: number, ifFalse: number, value: number];

/**
 * The filter as seccomp(2) takes it: an array of struct sock_filter, for `setpriv --seccomp-filter`.
 *
 * @param machine as process.arch names it; null for one that has no table here
 * @param mayWrite let files be opened for writing: only where Landlock says which
 */
export function seccompFilter(machine: string = process.arch, mayWrite = false): Buffer | null {
  if (machine !== 'x64' && machine !== 'arm64') return null;
  const { audit, column, open, openat, clone } = machines[machine];
  const argument = (index: number) => 16 + 8 * index;
  const when = (call: number, ...then: Instruction[]): Instruction[] => [
    [ifEqual, 0, then.length, call],
    ...then,
  ];
  const unlessWriting = (call: number, flags: number): Instruction[] =>
    when(
      call,
      [load, 0, 0, argument(flags)],
      [ifAnyBit, 0, 1, mayWrite ? tmpfile : writing],
      [give, 0, 0, failWith(eperm)],
      [give, 0, 0, allow],
    );
  const program: Instruction[] = [
    [load, 0, 0, 4],
    [ifEqual, 1, 0, audit],
    [give, 0, 0, kill],
    [load, 0, 0, 0],
    ...systemCalls.flatMap((row) => {
      const call = row[column];
      return call === null ? [] : when(call, [give, 0, 0, allow]);
    }),
    ...(open === null ? [] : unlessWriting(open, 1)),
    ...unlessWriting(openat, 2),
    // Threads, no processes.
    ...when(
      clone,
      [load, 0, 0, argument(0)],
      [ifAnyBit, 0, 1, cloneThread],
      [give, 0, 0, allow],
      [give, 0, 0, failWith(eperm)],
    ),
    // Its flags lie in memory, where no filter sees them: the C library then uses clone.
    ...when(clone3, [give, 0, 0, failWith(enosys)]),
    [give, 0, 0, failWith(eperm)],
  ];
  const bytes = Buffer.alloc(8 * program.length);
  program.forEach(([code, ifTrue, ifFalse, value], at) => {
    bytes.writeUInt16LE(code, 8 * at);
    bytes.writeUInt8(ifTrue, 8 * at + 2);
    bytes.writeUInt8(ifFalse, 8 * at + 3);
    bytes.writeUInt32LE(value >>> 0, 8 * at + 4);
  });
  return bytes;
}
