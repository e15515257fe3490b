#!/bin/sh
# Runs the link command that it is given, with static archives in place of shared libraries if there
# is one for each. kurd-evaluator is forked for every submission, and of every library that is mapped
# the kernel copies the tables: linked so, that takes half the time.
link() {
  also=
  for argument in "$@"; do
    shift
    case $argument in
      /*.so | /*.so.*)
        archive=${argument%%.so*}.a
        [ -e "$archive" ] || return
        # From OpenSSL 3.2 on, Debian's compresses by zstd.
        zstd=${archive%libcrypto.a}libzstd.a
        if [ "$zstd" != "$archive" ] && [ -e "$zstd" ]; then also=$zstd; fi
        argument=$archive
        ;;
    esac
    set -- "$@" "$argument"
  done
  exec "$@" ${also:+"$also"} -static
}

link "$@"
exec "$@"
