#!/bin/sh
# Runs the link command that it is given, with static archives in place of shared libraries if there
# is one for each. kurd-evaluator is forked for every submission, and of every library that is mapped
# the kernel copies the tables: linked so, that takes half the time.
link() {
  for argument in "$@"; do
    shift
    case $argument in
      /*.so | /*.so.*)
        archive=${argument%%.so*}.a
        [ -e "$archive" ] || return
        argument=$archive
        ;;
    esac
    set -- "$@" "$argument"
  done
  exec "$@" -static
}

link "$@"
exec "$@"
