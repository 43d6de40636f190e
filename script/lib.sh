# Sourced by the other scripts here: the compiler, and an engine that is left as it was found.
# shellcheck shell=bash

cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit 1
export CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-$PWD/target}"
# Cargo's progress bar is of no use in a log.
export CARGO_TERM_PROGRESS_WHEN="${CARGO_TERM_PROGRESS_WHEN:-never}"

# What apt said the last time that a package was asked for.
apt_log="$CARGO_TARGET_DIR/apt.log"

say() { printf '%s\n' "── $*"; }
die() { printf '%s: %s\n' "$(basename "$0")" "$*" >&2; exit 1; }

# Takes the pinned toolchain; where rustup doesn't have it under its number, an installed one of the
# same version (often named `stable`), so that nothing is downloaded without need.
use_toolchain() {
  command -v cargo >/dev/null || die "no cargo here: install Rust with rustup (https://rustup.rs)"
  [ -z "${RUSTUP_TOOLCHAIN:-}" ] || return 0
  command -v rustup >/dev/null || return 0
  local pinned installed name
  pinned="$(sed -n 's/^channel = "\(.*\)"/\1/p' rust-toolchain.toml)"
  installed="$(rustup toolchain list | awk '{ print $1 }')"
  if grep -q "^$pinned-" <<<"$installed"; then
    return 0
  fi
  for name in $installed; do
    case "$(rustup run "$name" rustc --version 2>/dev/null)" in
      "rustc $pinned "* | "rustc ${pinned%.*}."*)
        say "Rust $pinned is the installed toolchain $name"
        export RUSTUP_TOOLCHAIN="$name"
        return 0
        ;;
    esac
  done
  # None: rustup fetches the pinned one, or says why it can't.
}

# Installs packages by apt, which only root can: `install <what for> <package…>`.
install() {
  local why="$1"
  shift
  [ "$(id -u)" = 0 ] || die "$why is missing, and this is not root: install $*"
  say "installing $*: $why is missing"
  mkdir -p "$CARGO_TARGET_DIR"
  {
    apt-get update --quiet
    DEBIAN_FRONTEND=noninteractive apt-get install --quiet --yes --no-install-recommends "$@"
  } >"$apt_log" 2>&1 </dev/null || { tail -n 30 "$apt_log" >&2; die "the installation failed; its whole log is $apt_log"; }
}

# The linker and the static C library; a bare Debian has neither.
need_linker() {
  command -v cc >/dev/null || install "a C compiler to link with" gcc libc6-dev
}

# A venv with what is wanted, and with nothing else, made again when that changes:
# `need_python <folder> <requirements> <what for>`. It comes from PyPI by pip, pinned by hash.
need_python() {
  local home="$1" wanted="$2" what="$3"
  cmp --silent "$wanted" "$home/installed.txt" && [ -x "$home/venv/bin/python" ] && return 0
  # Debian's python3 comes without the module that puts pip into a venv.
  python3 -c 'import ensurepip, venv' 2>/dev/null || install "Python with venv" python3 python3-venv
  say "installing $what"
  mkdir -p "$home"
  rm -rf "$home/venv" "$home/installed.txt"
  {
    python3 -m venv "$home/venv"
    "$home/venv/bin/python" -m pip install --disable-pip-version-check --no-input --no-deps \
      --only-binary :all: --require-hashes --requirement "$wanted"
  } >"$home/pip.log" 2>&1 </dev/null \
    || { tail -n 30 "$home/pip.log" >&2; die "$what can't be installed; the whole log is $home/pip.log"; }
  cp "$wanted" "$home/installed.txt"
}

# Whether a process that `script/engine` started for this checkout still runs.
engine_is_ours() {
  local file pid
  for file in "$CARGO_TARGET_DIR"/engine/{dockerd,registry}.pid; do
    pid="$(cat "$file" 2>/dev/null)" && [ -n "$pid" ] && kill -0 "$pid" 2>/dev/null && return 0
  done
  return 1
}

# Starts what is missing of engine and registry, and sets `started_engine` if that has to be stopped
# again: what ran before goes on running.
started_engine=false
start_engine() {
  local exports before=false
  engine_is_ours && before=true
  # Told first, so that also what came up of a start that failed is stopped.
  [ "$before" = true ] || started_engine=true
  exports="$(script/engine)" || die "there is no Docker engine and registry to work with"
  eval "$exports"
}

stop_engine() {
  [ "$started_engine" = false ] || ! engine_is_ours || script/engine stop
}
