// A terminal of a given width for a child process, by Python's pty module.
import { spawnSync } from 'node:child_process';
import { stripVTControlCharacters } from 'node:util';

/** Whether this machine can make one. */
export const hasTerminal = spawnSync('python3', ['-c', 'import pty']).status === 0;
if (!hasTerminal) process.stderr.write('No python3: what terminals show is not tested.\n');

const PROGRAM = `
import fcntl, os, pty, struct, sys, termios
pid, fd = pty.fork()
if pid == 0:
    fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", 24, int(sys.argv[1]), 0, 0))
    os.execvp(sys.argv[2], sys.argv[2:])
while True:
    try:
        data = os.read(fd, 65536)
    except OSError:
        break
    if not data:
        break
    os.write(1, data)
sys.exit(os.WEXITSTATUS(os.waitpid(pid, 0)[1]))
`;

/** For `startJobgate`: the command in a terminal; what it shows is on stdout. */
export const inTerminal =
  (columns: number) =>
  (command: string[]): string[] => [
    'env',
    'TERM=xterm',
    'python3',
    '-u',
    '-c',
    PROGRAM,
    String(columns),
    ...command,
  ];

/** What stood on the line that is redrawn, one after the other, without colours. */
export function framesOf(shown: string): string[] {
  return shown.split('\r\u001B[K').map((frame) => stripVTControlCharacters(frame));
}
