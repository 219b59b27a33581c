#!/bin/sh
# Installs `systemfd` and `cargo devserver` on Linux and macOS, from the archives of a release; `--help` says more.
# The release that it comes with is written in by .ci/dist.
set -eu

repository=''
released=''
# The oldest glibc on which the archives for *-linux-gnu run; .ci/dist checks that.
glibc=2.35

usage() {
  cat <<'END'
install.sh [OPTIONS] [systemfd] [cargo-devserver]

Downloads the programs of a release, both by default, verifies them, and installs them into
$CARGO_HOME/bin where cargo is installed, and into ~/.local/bin elsewhere.

  --version VERSION  another release than the one that this script comes with
  --target TARGET    another platform than this one, such as x86_64-unknown-linux-musl
  --to DIR           another folder
  --force            replace files that this script has not installed
  --base-url URL     a mirror of the releases: the files are at URL/download/vVERSION/.
                     https:// only, or http:// of this machine
  --help             print this

Each archive must have the SHA-256 checksum that SHA256SUMS of the release has. Where the
command `gh` is installed and logged in, its attestation is verified as well.
END
}

say() { printf '%s\n' "$*"; }

# fail PROBLEM SOLUTION
fail() {
  printf 'install.sh: %s\n' "$1" >&2
  [ $# -lt 2 ] || printf 'install.sh: %s\n' "$2" >&2
  exit 1
}

has() { command -v "$1" >/dev/null 2>&1; }

parse_arguments() {
  programs='' version=$released target='' to='' force='' base_url=''
  while [ $# -gt 0 ]; do
    case $1 in
      --version | --target | --to | --base-url)
        [ -n "${2:-}" ] || fail "$1 needs a value" 'see --help'
        case $1 in
          --version) version=${2#v} ;;
          --target) target=$2 ;;
          --to) to=$2 ;;
          --base-url) base_url=${2%/} ;;
        esac
        shift
        ;;
      --force) force=yes ;;
      --help | -h) usage; exit 0 ;;
      systemfd | cargo-devserver)
        case "$programs " in *" $1 "*) ;; *) programs="$programs $1" ;; esac ;;
      *) fail "\"$1\" is neither an option nor a program" 'see --help' ;;
    esac
    shift
  done
  programs=${programs:-systemfd cargo-devserver}
  check_values
}

# These become parts of URLs and paths.
check_values() {
  if [ -z "$base_url" ]; then
    [ -n "$repository" ] ||
      fail 'this copy of the script belongs to no release' 'take the one of a release, or give --base-url and --version'
    base_url=$repository/releases
  fi
  [ -n "$version" ] || fail 'this copy of the script belongs to no release' 'give --version'
  case $version in *[!0-9A-Za-z.+-]*) fail "\"$version\" is not a version" 'a version is such as 0.1.0' ;; esac
  case $target in
    *[!0-9a-z_-]*) fail "\"$target\" is not a target" 'a target is such as x86_64-unknown-linux-musl' ;;
    *-windows-*) fail "this script does not install for $target" 'run install.ps1, on Windows' ;;
  esac
  case $base_url in
    *[!]0-9A-Za-z.:/_~%[-]*) fail "the address $base_url has characters that it may not have" 'see --help' ;;
    https://*) scheme=https ;;
    http://127.0.0.1[:/]* | http://localhost[:/]* | 'http://[::1]'[:/]*) scheme=http ;;
    *) fail "$base_url is not an address with https://" 'on other connections, anyone can change the files on their way' ;;
  esac
}

require_tools() {
  for tool in curl tar; do
    has $tool || fail "the command $tool is not there" "install it, for example with: apt-get install $tool"
  done
  has sha256sum || has shasum || has openssl ||
    fail 'no command computes SHA-256 checksums: sha256sum, shasum or openssl' 'install one of them'
}

detect_target() {
  kernel=$(uname -s) machine=$(uname -m)
  other='build the programs yourself: cargo install listenfd-systemfd listenfd-devserver'
  case $kernel in
    # A program under Rosetta is told that the processor is x86_64.
    Darwin) [ "$(sysctl -n hw.optional.arm64 2>/dev/null || true)" != 1 ] || machine=arm64 ;;
    Linux)
      [ "$(getconf LONG_BIT 2>/dev/null || echo 64)" = 64 ] || fail "no release has programs for a 32-bit $kernel" "$other" ;;
    MINGW* | MSYS* | CYGWIN*) fail "this script is not for Windows ($kernel)" 'run install.ps1, in PowerShell' ;;
    *) fail "no release has programs for $kernel" "$other" ;;
  esac
  case $machine in
    x86_64 | amd64) machine=x86_64 ;;
    aarch64 | arm64) machine=aarch64 ;;
    *) fail "no release has programs for $kernel on $machine" "$other" ;;
  esac
  case $kernel in
    Darwin) target=$machine-apple-darwin ;;
    Linux) target=$machine-unknown-linux-$(detect_libc) ;;
  esac
}

# `gnu` where the programs for it run; those for `musl` run everywhere.
detect_libc() {
  found=$(getconf GNU_LIBC_VERSION 2>/dev/null) || found=
  printf '%s\n' "${found#glibc }" | awk -v oldest="$glibc" '{
    split($0, found, "."); split(oldest, needed, ".")
    is_new = found[1] > needed[1] || found[1] == needed[1] && found[2] + 0 >= needed[2] + 0
    print(is_new ? "gnu" : "musl")
  }'
}

choose_folder() {
  [ -n "${HOME:-}" ] || fail 'the variable HOME is not set' 'set it to your home folder'
  cargo_home=${CARGO_HOME:-$HOME/.cargo}
  if [ -n "$to" ]; then
    folder=$to
  elif [ -n "${CARGO_HOME:-}" ] || [ -d "$cargo_home/bin" ]; then
    folder=$cargo_home/bin
  else
    folder=$HOME/.local/bin
  fi
  mkdir -p "$folder" || fail "the folder $folder cannot be made" 'choose another one with --to'
  folder=$(cd "$folder" && pwd)
  state=${XDG_DATA_HOME:-$HOME/.local/share}/listenfd
  receipt=$state/installed
}

# fetch NAME MOST_BYTES: a file of the release, into $temporary.
fetch() {
  url=$base_url/download/v$version/$1
  status=0
  curl --proto "=$scheme" --tlsv1.2 --fail --location --silent --show-error --retry 3 \
    --connect-timeout 30 --max-time 600 --max-filesize "$2" --output "$temporary/$1" "$url" || status=$?
  case $status in
    0) ;;
    1) fail "$url leads to an address without $scheme://" 'report that to whoever runs this server' ;;
    18) fail "the connection ended before all of $url had come" 'try again' ;;
    22) fail "the server does not have $url" "is there a release $version? See ${repository:-$base_url}" ;;
    35 | 51 | 58 | 60 | 77) fail "the server of $url does not prove who it is" 'check the date of this machine, and its proxy' ;;
    63) fail "$url is larger than $2 bytes, so it is no file of ours" 'report that to whoever runs this server' ;;
    *) fail "$url cannot be downloaded (curl: $status)" 'check the connection, and the variable https_proxy' ;;
  esac
}

sha256() {
  if has sha256sum; then
    sha256sum <"$1"
  elif has shasum; then
    shasum -a 256 <"$1"
  else
    openssl dgst -sha256 -r <"$1"
  fi | cut -d ' ' -f 1
}

# verify_checksum ARCHIVE
verify_checksum() {
  expected=$(awk -v name="$1" '$2 == name { print $1 }' "$temporary/SHA256SUMS")
  case $expected in
    '') fail "the release $version has no $1" "its archives are: $(awk '$2 ~ /gz$/ { printf " %s", $2 }' "$temporary/SHA256SUMS")" ;;
    *[!0-9a-f]*) fail "SHA256SUMS of the release $version has no checksum for $1" 'report that as an error of the release' ;;
  esac
  [ -e "$temporary/$1" ] || fetch "$1" 100000000
  found=$(sha256 "$temporary/$1")
  [ "$found" = "$expected" ] ||
    fail "$1 has the checksum $found, and not $expected" 'nothing was installed; try again, and report it if it stays so'
}

# Says in one line why attestations are not verified, or nothing when they can be.
why_no_attestation() {
  case $repository in
    https://github.com/*/*) ;;
    *) say "this script does not know the repository on github.com"; return ;;
  esac
  if ! has gh; then
    say 'the command gh (https://cli.github.com) is not installed'
  elif ! gh attestation verify --help 2>/dev/null | grep -q -e --source-ref; then
    say 'this gh is too old for that'
  elif ! gh auth status --hostname github.com >/dev/null 2>&1; then
    say 'gh is not logged in (gh auth login)'
  fi
}

# verify_attestation ARCHIVE
verify_attestation() {
  slug=${repository#https://github.com/}
  gh attestation verify "$temporary/$1" --repo "$slug" --signer-workflow "$slug/.github/workflows/release.yml" \
    --source-ref "refs/tags/v$version" >"$temporary/gh" 2>&1 || {
    cat "$temporary/gh" >&2
    fail "gh finds no valid attestation for $1" 'nothing was installed; report that as an error of the release'
  }
}

# may_be_replaced PATH: nothing is there, or what this script has installed.
may_be_replaced() {
  [ -e "$1" ] || [ -L "$1" ] || return 0
  [ ! -d "$1" ] || fail "$1 is a folder" 'remove it, or choose another folder with --to'
  [ -z "$force" ] || return 0
  if [ -f "$1" ] && [ ! -L "$1" ] && [ -f "$receipt" ] && grep -Fqx "$(sha256 "$1")  $1" "$receipt"; then
    return 0
  fi
  fail "$1 is there already, and this script has not installed it" \
    'remove it (cargo uninstall, if cargo installed it), choose another folder with --to, or replace it with --force'
}

# stage PROGRAM ARCHIVE: a file beside the final one. The folder of temporary files may forbid programs.
stage() {
  member=${2%.tgz}/$1
  tar -xzf "$temporary/$2" -C "$temporary" "$member" || true
  if [ ! -f "$temporary/$member" ] || [ -L "$temporary/$member" ]; then
    fail "$2 has no file $member" 'report that as an error of the release'
  fi
  staged="$staged $1"
  if ! cp "$temporary/$member" "$folder/.$1.$$" || ! chmod 755 "$folder/.$1.$$"; then
    fail "$folder cannot be written to" 'choose another folder with --to'
  fi
  [ -n "$is_detected" ] || return 0
  said=$("$folder/.$1.$$" --version 2>&1) || said="it does not run: $said"
  [ "$said" = "$1 $version" ] ||
    fail "$1 --version of the archive does not say \"$1 $version\": $said" \
      'on Linux, try --target with the same name and musl at its end'
}

# put PROGRAM
put() {
  path=$folder/$1
  mv -f "$folder/.$1.$$" "$path" || fail "$path cannot be written" 'choose another folder with --to'
  [ ! -f "$receipt" ] || awk -v path="$path" 'substr($0, 67) != path' "$receipt" >"$temporary/receipt"
  printf '%s  %s\n' "$(sha256 "$path")" "$path" >>"$temporary/receipt"
  if ! mkdir -p "$state" || ! cp "$temporary/receipt" "$receipt"; then
    fail "$path is installed, but $receipt cannot be written" 'the next run will need --force'
  fi
  rm "$temporary/receipt"
  say "Installed $path ($1 $version, $target)"
}

clean_up() {
  rm -rf "$temporary"
  for program in $staged; do rm -f "$folder/.$program.$$"; done
}

# package PROGRAM
package() {
  case $1 in
    systemfd) say listenfd-systemfd ;;
    cargo-devserver) say listenfd-devserver ;;
  esac
}

main() {
  parse_arguments "$@"
  require_tools
  is_detected=
  [ -n "$target" ] || { detect_target; is_detected=yes; }
  choose_folder
  for program in $programs; do may_be_replaced "$folder/$program"; done

  staged=
  temporary=$(mktemp -d)
  trap clean_up EXIT
  trap 'exit 130' HUP INT TERM
  fetch SHA256SUMS 100000
  no_attestation=$(why_no_attestation)
  [ -z "$no_attestation" ] || say "Attestations are not verified: $no_attestation"
  for program in $programs; do
    archive=$(package "$program")-$version-$target.tgz
    verify_checksum "$archive"
    [ -n "$no_attestation" ] || verify_attestation "$archive"
    stage "$program" "$archive"
  done
  undo='rm'
  for program in $programs; do
    put "$program"
    undo="$undo '$folder/$program'"
  done
  say "To undo: $undo"
  case :$PATH: in
    *:"$folder":*) ;;
    *) say "$folder is not on your PATH yet: add it in the start file of your shell" ;;
  esac
}

# At the end, so that nothing runs when only a part of this script has arrived.
main "$@"
