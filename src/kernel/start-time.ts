/** Field 22 of /proc/PID/stat, counted from behind the last parenthesis, as the command may hold blanks. proc_pid_stat(5) */
export function startTimeIn(stat: string | null): string | undefined {
  return stat?.slice(stat.lastIndexOf(")") + 2).split(" ")[19]
}
