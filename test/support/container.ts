import { execFileSync, spawnSync } from 'node:child_process';

/** A folder that every Linux has, over which a container's files are laid. */
const PLACE = '/srv';
/** The user `node` of the image. */
const NODE = 1000;

/**
 * In a mount namespace of its own, with what the image has in /app and nothing else of the checkout: everything is made
 * read-only, all rights of root are given up for good, and the process becomes node.
 */
const BECOME_NODE = `
  set -e
  root=$1 node=$2
  shift 2
  mount -t tmpfs -o mode=755 none ${PLACE}
  cd ${PLACE}
  mkdir -p app/node_modules app/dist/src app/dist/migrations
  for folder in node_modules dist/src dist/migrations; do mount --bind "$root/$folder" "app/$folder"; done
  cp "$root/package.json" app/
  touch node
  mount --bind "$node" node
  cut -d' ' -f2 /proc/self/mounts | while read -r target; do
    case $target in
      /proc | /proc/* | /sys | /sys/* | /dev | /dev/*) ;;
      *) mount -o remount,bind,ro "$target" 2>/dev/null || true ;;
    esac
  done
  cd app
  exec setpriv --reuid=${NODE} --regid=${NODE} --clear-groups --no-new-privs --bounding-set=-all --inh-caps=-all ${PLACE}/node "$@"
`;

/** Node as compose.yaml runs it (`read_only`, `cap_drop`, `no-new-privileges`), to be followed by its arguments. */
export function containedNode(): string[] {
  const unshare = ['unshare', '--mount', '--propagation', 'private'];
  return [...unshare, 'sh', '-c', BECOME_NODE, 'sh', process.cwd(), process.execPath];
}

/** Why there can be no such container here; null where there can. */
export function whyNotContained(): string | null {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return 'only root of a Linux may mount';
  const [program, ...args] = containedNode();
  const { status, stderr } = spawnSync(program, [...args, '-e', ''], { encoding: 'utf8' });
  return status === 0 ? null : `no file system can be mounted read-only: ${stderr}`;
}

/** What a script prints in it. */
export function runContained(script: string): string {
  const [program, ...args] = containedNode();
  return execFileSync(program, [...args, '-e', script], { encoding: 'utf8' });
}
