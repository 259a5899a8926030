using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using CsCheck;
using RetentionPipeline.Core.Erasure;
using RetentionPipeline.Core.Work;
using RetentionPipeline.Ledger;

namespace RetentionPipeline.Core.Tests.Evidence;

/// <summary>Commitments are made by hand, for speed: they are those that the format names.</summary>
public sealed class CommitmentTests
{
    [Fact]
    public void A_commitment_is_the_hash_that_the_format_names() => Gen.Select(
        Gen.String, Gen.String, Gen.String[Gen.Char.AlphaNumeric, 1, 30].List[0, 40], Gen.Byte.Array[0, 64]).Sample((record, version, persons, salt) =>
        {
            if (record.Concat(version).Any(char.IsSurrogate))
            {
                return;
            }

            var subjects = persons.Select((person, number) => new SubjectOpening([(byte)number], person)).ToList();
            var hashes = subjects.Select(subject => Convert.ToHexStringLower(
                SHA256.HashData([0, .. subject.Salt, .. Encoding.UTF8.GetBytes(subject.Pseudonym)]))).ToList();
            Assert.Equal(hashes, subjects.Select(subject => subject.Commit()));
            var text = Jcs.Encode(new JsonObject
            {
                ["record"] = record,
                ["subjects"] = new JsonArray([.. hashes.Order(StringComparer.Ordinal).Select(hash => (JsonNode)hash)]),
                ["version"] = version,
            });
            Assert.Equal(SHA256.HashData([0, .. salt, .. text]), new RecordOpening(salt, record, subjects, version).Commit());
        });

    [Fact]
    public void No_salt_is_given_twice_and_none_that_was_not_drawn()
    {
        var salts = new Salts(1_000);
        var given = Enumerable.Range(0, 1_000).Select(_ => Convert.ToHexString(salts.Next())).ToHashSet();
        Assert.Equal(1_000, given.Count);
        Assert.All(given, salt => Assert.Equal(2 * Salts.Length, salt.Length));
        Assert.Throws<InvalidOperationException>(salts.Next);
    }
}
