# The action's image: the static binary and the CA bundle, nothing else.
#
#   docker build .                                     compiles from source
#   docker build --build-arg BINARY_FROM=prebuilt .    takes dist/plimsoll and
#                                                      dist/ca-certificates.crt, for CI and releases
#
# BuildKit builds only the stage that BINARY_FROM names.
ARG BINARY_FROM=source
# An SBOM, where one is asked for, also lists what Cargo.lock names: nothing else tells what is in a
# static binary.
ARG BUILDKIT_SBOM_SCAN_CONTEXT=true

# By digest, of the index for both architectures: what compiles an image of the same commit doesn't
# change by itself. Dependabot proposes the next one.
FROM rust:1.95-bookworm@sha256:6258907abe69656e41cd992e0b705cdcfabcbbe3db374f92ed2d47121282d4a1 AS source
WORKDIR /source
COPY . .
RUN cargo build --locked --profile dist \
 && mkdir /out \
 && cp target/*/dist/plimsoll /etc/ssl/certs/ca-certificates.crt /out/

FROM scratch AS prebuilt
COPY dist/plimsoll dist/ca-certificates.crt /out/

FROM ${BINARY_FROM} AS binary

# No USER: the runner's workspace and the engine's socket belong to root. No shell in front of the
# binary: it would drop the environment variables of inputs whose names hold a hyphen.
FROM scratch
COPY --from=binary /out/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY --from=binary /out/plimsoll /plimsoll
ENTRYPOINT ["/plimsoll"]
