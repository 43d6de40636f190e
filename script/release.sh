# Sourced by the scripts of a release. They work on the repository that they are started in.
# shellcheck shell=bash

die() { printf 'script/%s: %s\n' "$(basename "$0")" "$*" >&2; exit 1; }

# Splits a tag into `major` (v1) and `suffix` (-rc.1, or nothing).
read_tag() { # <tag>
  [[ "$1" =~ ^(v[0-9]+)\.[0-9]+\.[0-9]+(-.*)?$ ]] || die "\`$1\` is not written like v1.2.3"
  major="${BASH_REMATCH[1]}"
  # Read by those who source this.
  # shellcheck disable=SC2034
  suffix="${BASH_REMATCH[2]:-}"
}

# The commit that a tag has in `origin`; nothing where there is no such tag. An annotated tag is an
# object of its own, and its commit stands in a second line.
commit_of_tag() { # <tag>
  git ls-remote origin "refs/tags/$1" "refs/tags/$1^{}" | tail -n 1 | cut -f 1
}

# The newest release among the tags that begin so, without pre-releases; nothing where there is
# none. A tag whose action.yml starts no image by digest is no release, whatever it is called.
newest_release() { # <beginning, such as v1.>
  local tags tag
  # Under a name of their own: tags of the clone stay as they are.
  git fetch --quiet --no-tags --prune origin "+refs/tags/$1*:refs/released/$1*"
  tags="$(git for-each-ref --format '%(refname:lstrip=2)' refs/released | sort --version-sort --reverse)"
  for tag in $tags; do
    [[ "$tag" == "$1"* && "$tag" =~ ^v[0-9]+\.[0-9]+\.[0-9]+$ ]] || continue
    git grep --quiet '^  image: docker://' "refs/released/$tag" -- action.yml || continue
    echo "$tag"
    return
  done
}
