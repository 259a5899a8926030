using RetentionPipeline.Core.Anonymisation;

namespace RetentionPipeline.Core.Tests.Anonymisation;

/// <summary>
/// The engine and the second implementation give the same bytes, however the input is cut and whatever the processor has.
/// <c>RETENTION_FUZZ_LINES</c> sets how many lines; a failure names seed and number of the line, and the line.
/// </summary>
public sealed class EngineAgainstReferenceTests
{
    private static readonly int Count =
        int.TryParse(Environment.GetEnvironmentVariable("RETENTION_FUZZ_LINES"), out var lines) ? lines : 30_000;

    [Theory]
    [InlineData(24, 48, 1)]
    [InlineData(16, 32, 2)]
    [InlineData(0, 0, 3)]
    [InlineData(29, 113, 4)]
    public void Addresses_are_cut_as_the_text_of_the_grammar_says(int v4, int v6, int seed)
    {
        var reference = new ReferenceGrammar(v4, v6);
        var plan = new StreamPlan(new AddressBits(v4, v6), HostNames.Keep, []);
        Compare(plan, (ulong)seed, reference.TruncateIp);
    }

    [Fact]
    public void Names_are_cut_as_the_second_implementation_cuts_them() =>
        Compare(new StreamPlan(null, HostNames.Truncate, []), 5, ReferenceHosts.TruncateHost);

    /// <summary>Which number is padded tells whether dots spell out a name; it may lie in another block than the third dot.</summary>
    [Theory]
    [InlineData("h064.187.1.31.example")]
    [InlineData("h64.087.1.31.example")]
    [InlineData("h64.187.01.31.example")]
    [InlineData("h64.187.1.031.example")]
    [InlineData("0641.87.1.3-example")]
    [InlineData("064.87.1.3-example")]
    [InlineData("h64.187.1.31.example")]
    [InlineData("h64-187_1.31-2-3-4.example")]
    [InlineData("h64_187_1_31.example")]
    public void Names_are_found_wherever_they_lie_in_a_block(string name)
    {
        for (var before = 0; before < 200; before++)
        {
            var text = new string(' ', before) + name;
            Assert.All(Engine.Widths, width => Assert.Equal(
                ReferenceHosts.TruncateHost(text), Engine.Run(new StreamPlan(null, HostNames.Truncate, []), text, width)));
        }
    }

    [Theory]
    [InlineData(24, 48, 6)]
    [InlineData(13, 40, 7)]
    public void Both_operators_leave_nothing_for_a_second_run(int v4, int v6, int seed)
    {
        var reference = new ReferenceGrammar(v4, v6);
        var plan = new StreamPlan(new AddressBits(v4, v6), HostNames.Truncate, []);
        Compare(plan, (ulong)seed, line => reference.TruncateIp(ReferenceHosts.TruncateHost(reference.TruncateIp(line))));
    }

    private static void Compare(StreamPlan plan, ulong seed, Func<string, string> reference)
    {
        const int group = 200;
        Parallel.For(0, Count / group, number =>
        {
            var fuzz = new FuzzLines((seed << 32) + (ulong)number);
            var lines = Enumerable.Range(0, group).Select(_ => fuzz.Next()).ToList();
            var text = string.Join('\n', lines);
            var expected = lines.Select(reference).ToList();
            foreach (var width in Engine.Widths)
            {
                var pieces = Enumerable.Range(0, fuzz.Below(60)).Select(_ => fuzz.Below(90)).ToList();
                var actual = Engine.Run(plan, text, width, pieces, out var statistics).Split('\n');
                Assert.Equal(group, actual.Length);
                for (var i = 0; i < group; i++)
                {
                    Assert.True(expected[i] == actual[i], $"seed {seed}, group {number}, {width}\nline     {lines[i]}\nexpected {expected[i]}\nactual   {actual[i]}");
                    Assert.True(actual[i].Length <= lines[i].Length, "A line grew: " + lines[i]);
                }

                Assert.Equal(lines[^1].Length > 0 ? group : group - 1, statistics.Lines);
                Assert.Equal(lines.Where((line, i) => line != expected[i]).Count(), statistics.Changed);
            }

            var joined = string.Join('\n', expected);
            Assert.Equal(joined, Engine.Run(plan, joined, VectorWidth.V256));
        });
    }
}
