# An image that holds the binary and nothing else. It is built first, linked statically; README.md says how:
#
#   cargo build --release --locked --target x86_64-unknown-linux-musl
#   docker build --tag clir .
FROM scratch
ARG TARGET=x86_64-unknown-linux-musl
COPY target/${TARGET}/release/clir /clir
# The authority, the log, and what relative paths of a configuration mean.
ENV STATE_DIRECTORY=/var/lib/clir
VOLUME /var/lib/clir
EXPOSE 8080
ENTRYPOINT ["/clir"]
