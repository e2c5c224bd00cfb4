# Runs both servers until the standard input is closed, which happens when the process at the other end of the
# pipe ends in any way. Then kills both servers and removes their working directory. A line on the standard input kills
# the API server and starts it again.

"$BINARIES/etcd" --data-dir=etcd --unsafe-no-fsync \
    --listen-client-urls="$ETCD" --advertise-client-urls="$ETCD" \
    --listen-peer-urls="$PEER" --initial-advertise-peer-urls="$PEER" --initial-cluster="default=$PEER" \
    > etcd.log 2>&1 &
etcd=$!
serve() {
"$BINARIES/kube-apiserver" --etcd-servers="$ETCD" --bind-address=127.0.0.1 --secure-port="$PORT" \
    --tls-cert-file=server.crt --tls-private-key-file=server.key --cert-dir=. \
    --service-account-issuer=https://kubernetes.default.svc --service-account-key-file=server.pub \
    --service-account-signing-key-file=server.key \
    --token-auth-file=tokens.csv --authorization-mode=RBAC \
    --service-cluster-ip-range=10.0.0.0/16 --disable-admission-plugins=ServiceAccount \
    >> kube-apiserver.log 2>&1 &
apiserver=$!
echo "$etcd $apiserver"
}

serve
while read -r _; do
    kill -KILL "$apiserver"
    wait "$apiserver"
    serve
done
kill -KILL "$etcd" "$apiserver"
wait
rm -rf "$FOLDER"
