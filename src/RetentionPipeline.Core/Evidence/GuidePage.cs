using System.Text;

namespace RetentionPipeline.Core.Evidence;

/// <summary>How an outsider checks a bundle, with three sets of tools that have nothing in common.</summary>
internal static class GuidePage
{
    public const string Form = """
        # How to check this bundle

        You need the bundle and the verifier key of the log. Take the key from whoever you trust for it, not from this bundle:
        the one in `keys/verifiers.txt` is only the one that the bundle was written for.

        ## With the tool that wrote it

        ```sh
        retention evidence verify bundle.zip --key "$KEY"
        ```

        It works offline. It checks everything below, writes the certificate and the claims again from the leaves and the
        openings, and compares every byte. `--roots FILE` (PEM) checks time stamps, `--witness KEY` cosignatures.

        `verify.html` does the same in a browser, without the network. Somebody who changes a bundle can change that page too:
        take it from whoever you trust for the key (`retention evidence verifier > verify.html`).

        ## With openssl

        In the unpacked bundle; `KEY` is the verifier key, `name+id+base64`.

        ```sh
        printf %s "${KEY#*+*+}" | base64 -d | tail -c 32 > key.raw
        { printf '\060\052\060\005\006\003\053\145\160\003\041\000'; cat key.raw; } > key.der
        openssl pkey -pubin -inform DER -in key.der -out key.pem
        head -n 3 checkpoint > checkpoint.text
        sed -n 5p checkpoint | cut -d ' ' -f 3 | base64 -d | tail -c 64 > checkpoint.signature
        openssl pkeyutl -verify -pubin -inkey key.pem -rawin -in checkpoint.text -sigfile checkpoint.signature
        ```

        The three signed lines are the log's origin, its size and its root. The hash of leaf N, where its path begins:

        ```sh
        { printf '\000'; cat entries/@LEAF@.json; } | openssl dgst -sha256
        ```

        Where `anchors/` holds a time stamp (`roots.pem`: certificates that you trust):

        ```sh
        openssl ts -verify -in @STAMP@ -data checkpoint -CAfile roots.pem
        ```

        `sha256sum` of a file in `policy/` is its name. `manifest.json` lists the SHA-256 of every other file; it is not signed,
        and proves nothing by itself.

        ## With Go's own packages

        `golang.org/x/mod/sumdb/note` and `golang.org/x/mod/sumdb/tlog` know nothing of this project. The program below, as
        `check.go` in the unpacked bundle, checks leaf N. With Debian's packages `golang-go` and `golang-golang-x-mod-dev`:

        ```sh
        GO111MODULE=off GOPATH=/usr/share/gocode go run check.go "$KEY" @LEAF@
        ```

        ```go
        package main

        import (
            "encoding/base64"
            "fmt"
            "log"
            "os"
            "strconv"
            "strings"

            "golang.org/x/mod/sumdb/note"
            "golang.org/x/mod/sumdb/tlog"
        )

        func read(name string) string {
            bytes, err := os.ReadFile(name)
            if err != nil {
                log.Fatal(err)
            }
            return string(bytes)
        }

        func hash(text string) (h tlog.Hash) {
            bytes, err := base64.StdEncoding.DecodeString(text)
            if err != nil || len(bytes) != len(h) {
                log.Fatal("no hash: ", text)
            }
            copy(h[:], bytes)
            return h
        }

        func main() {
            key, err := note.NewVerifier(os.Args[1])
            if err != nil {
                log.Fatal(err)
            }
            proof, signed, _ := strings.Cut(read("proofs/"+os.Args[2]+".tlog-proof"), "\n\n")
            opened, err := note.Open([]byte(signed), note.VerifierList(key))
            if err != nil {
                log.Fatal(err)
            }
            head := strings.Split(opened.Text, "\n")
            size, _ := strconv.ParseInt(head[1], 10, 64)
            index, _ := strconv.ParseInt(os.Args[2], 10, 64)
            var path tlog.RecordProof
            for _, line := range strings.Split(proof, "\n")[2:] {
                path = append(path, hash(line))
            }
            leaf := tlog.RecordHash([]byte(read("entries/" + os.Args[2] + ".json")))
            if err := tlog.CheckRecord(path, size, hash(head[2]), index, leaf); err != nil {
                log.Fatal(err)
            }
            fmt.Println("leaf", index, "is in", head[0])
        }
        ```

        ## From a record to its leaf

        `records/OPERATION/PLACE.json` opens one record of a batch. Hashes are SHA-256; paths are those of RFC 6962 section 2.1.1,
        from the leaf up; both roots stand in the operation's leaves, with the number of their leaves as `count`.

        - `opening`: SHA-256(0x00, salt, {"record":...,"subjects":[hashes, sorted],"version":...}) is the commitment. With
          `openingPath` it leads to `root` of the operation's intent. A subject's hash is SHA-256(0x00, salt, pseudonym).
        - `entry`: as canonical JSON (RFC 8785) its leaf hash is SHA-256(0x00, entry). With `entryPath` it leads to `root` of the
          operation's outcome. `entry` names the commitment.

        """;

    public static byte[] Write(BundleFacts facts) => Encoding.UTF8.GetBytes(Form
        .Replace("@LEAF@", facts.Leaves[^1].Index.ToString(CultureInfo.InvariantCulture), StringComparison.Ordinal)
        .Replace("@STAMP@", facts.Anchors.FirstOrDefault(anchor => anchor.Name.EndsWith(".tsr", StringComparison.Ordinal))?.Name ?? "anchors/PARTY.tsr", StringComparison.Ordinal));
}
