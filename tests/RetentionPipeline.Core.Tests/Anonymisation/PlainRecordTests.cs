using System.Buffers;
using System.Globalization;
using System.Text;
using RetentionPipeline.Core.Anonymisation;

namespace RetentionPipeline.Core.Tests.Anonymisation;

/// <summary>
/// Records that are decided by their bytes against the same records through the library's JSON reader, objects and strings:
/// same bytes, same number of changes, same refusals. <c>RETENTION_FUZZ_LINES</c> sets how many; a failure names the record.
/// </summary>
public sealed class PlainRecordTests
{
    private static readonly int Count =
        int.TryParse(Environment.GetEnvironmentVariable("RETENTION_FUZZ_LINES"), out var lines) ? lines : 30_000;

    private static readonly OperatorKeys Keys = OperatorKeys.Throwaway();

    [Fact]
    public void JSON_becomes_by_its_bytes_what_it_becomes_through_objects() => Compare(LineFormat.Ndjson, 11, fuzz => fuzz.Json());

    [Fact]
    public void Tables_become_by_their_bytes_what_they_become_through_objects() => Compare(LineFormat.Csv, 12, fuzz => fuzz.Csv());

    [Fact]
    public void Access_logs_become_by_their_bytes_what_they_become_through_objects() =>
        Compare(LineFormat.Combined, 13, fuzz => fuzz.Combined());

    [Fact]
    public void The_walk_over_bytes_finds_what_the_library_s_reader_finds_or_says_that_it_is_unsure()
    {
        var (sure, json, broken) = (0, 0, 0);
        for (var number = 0; number < Count; number++)
        {
            var fuzz = new FuzzRecords((14UL << 32) + (ulong)number);
            var paths = new JsonPaths([.. Enumerable.Range(0, 1 + fuzz.Below(3)).Select(_ => fuzz.Path())]);
            var record = Encoding.Latin1.GetBytes(fuzz.Json());
            var (quick, careful) = (new List<FieldPlace>(), new List<FieldPlace>());
            var isSure = JsonScan.TryFind(record, paths.Root, quick, []);
            var isJson = true;
            try
            {
                new JsonFields(paths, JsonFields.NoLine).Read(record, careful);
            }
            catch (UnreadableContentException)
            {
                isJson = false;
            }

            Assert.True(!isSure || isJson, $"{number}: taken for JSON: {Encoding.Latin1.GetString(record)}");
            Assert.True(!isSure || quick.SequenceEqual(careful), $"{number}: other places: {Encoding.Latin1.GetString(record)}");
            (sure, json, broken) = (sure + (isSure ? 1 : 0), json + (isJson ? 1 : 0), broken + (isJson ? 0 : 1));
        }

        // It is no comparison where one side never speaks, or nothing is ever wrong.
        Assert.InRange(sure, json * 3 / 4, json - 1);
        Assert.InRange(broken, Count / 20, Count);
    }

    /// <summary>Each number of few digits, as the library writes and reads it.</summary>
    [Fact]
    public void Numbers_are_read_and_written_as_the_library_does_it()
    {
        Span<byte> text = stackalloc byte[PlainNumber.Longest];
        var (fuzz, written) = (new FuzzRecords(15), 0);
        for (var number = 0; number < Count; number++)
        {
            var digits = $"{(fuzz.Below(2) == 0 ? "-" : "")}{fuzz.Below(1 + fuzz.Below(1_050))}.{fuzz.Below(1_000_000).ToString(fuzz.Below(2) == 0 ? "000000" : "0", CultureInfo.InvariantCulture)}{(fuzz.Below(9) == 0 ? "7283" : "")}";
            var expected = double.Parse(digits, CultureInfo.InvariantCulture);
            Assert.Equal(expected != 0, PlainNumber.TryRead(Encoding.ASCII.GetBytes(digits), out var read));
            Assert.Equal(expected, expected == 0 ? expected : read);
            var rounded = Math.Round(expected, 6);
            if (PlainNumber.TryWrite(rounded, text, out var length))
            {
                written++;
                Assert.Equal(rounded.ToString(CultureInfo.InvariantCulture), Encoding.ASCII.GetString(text[..length]));
            }
        }

        Assert.InRange(written, Count * 9 / 10, Count);
    }

    [Theory]
    [InlineData("5")]
    [InlineData(".5")]
    [InlineData("5.")]
    [InlineData("-")]
    [InlineData("-.5")]
    [InlineData("1.2.3")]
    [InlineData("1.5e1")]
    [InlineData("-0.0")]
    [InlineData("1234567890.123456")]
    [InlineData("")]
    public void Of_other_numbers_it_is_unsure(string text) => Assert.False(PlainNumber.TryRead(Encoding.ASCII.GetBytes(text), out _));

    [Theory]
    [InlineData(0.00001)]
    [InlineData(0.0)]
    [InlineData(1000.0)]
    [InlineData(0.1234567)]
    public void Other_numbers_it_does_not_write(double number) =>
        Assert.False(PlainNumber.TryWrite(number, new byte[PlainNumber.Longest], out _));

    /// <summary>What random records hardly ever hold.</summary>
    [Theory]
    [InlineData("lat:coarsen-location,longitude-field=lon", """{"lat":52.520008,"lon":13.404954,"lat":48.137154,"lon":11.576124}""")]
    [InlineData("a:null|a.b:mask", """{"a":{"b":"x"},"c":1}""")]
    [InlineData("a:truncate-ip", """{"a":["203.0.113.07","203.0.113.256","203.0.113","203.0.113.7.","203.000.113.077","1.2.3.4.5",".1.2.3.4","0.0.0.0","255.255.255.255"]}""")]
    public void A_rare_record_becomes_the_same_both_ways(string operators, string record)
    {
        var made = operators.Split('|').Select(one => one.Split(':', 2)).Select(one => (Field: one[0], Parts: one[1].Split(','))).Select(one =>
            OperatorCatalogue.ForField(one.Parts[0], one.Field, one.Parts[1..].Select(part => part.Split('=')).ToDictionary(pair => pair[0], pair => pair[1]), Keys).Operator!).ToList();
        var expected = Run(Editor(LineFormat.Ndjson, made, quick: false).Editor, record);
        Assert.True(expected.Changes > 0);
        Assert.Equal(expected, Run(Editor(LineFormat.Ndjson, made, quick: true).Editor, record));
    }

    private static void Compare(LineFormat format, ulong seed, Func<FuzzRecords, string> make)
    {
        const int group = 20;
        var (sure, changed) = (0, 0);
        Parallel.For(0, Count / group, number =>
        {
            var fuzz = new FuzzRecords((seed << 32) + (ulong)number);
            var operators = fuzz.Operators(format, Keys);
            var (quick, exact) = (Editor(format, operators, quick: true), Editor(format, operators, quick: false));
            for (var i = 0; i < group; i++)
            {
                var record = make(fuzz);
                var expected = Run(exact.Editor, record);
                var actual = Run(quick.Editor, record);
                Assert.True(expected == actual, $"{number}/{i} {string.Join(" | ", operators.Select(one => $"{one.GetType().Name} {string.Join(' ', one.Names)}"))}\nrecord   {record}\nexpected {expected}\nactual   {actual}");
                Interlocked.Add(ref changed, expected.Changes > 0 ? 1 : 0);
                Interlocked.Add(ref sure, quick.IsSure(record) ? 1 : 0);
            }
        });

        Assert.InRange(changed, Count / 8, Count);
        Assert.InRange(sure, Count / 5, Count - (Count / 20));
    }

    private static (FieldEditor Editor, Func<string, bool> IsSure) Editor(LineFormat format, IReadOnlyList<IFieldOperator> operators, bool quick)
    {
        var uses = new FieldUses(operators);
        var lines = LineFormats.Of(format, uses.Names);
        if (!quick)
        {
            return (new FieldEditor(lines is JsonFields json ? new CarefulJson(json) : lines, uses, plain: null), _ => false);
        }

        var pass = PlainPass.Of(lines, uses);
        return (new FieldEditor(lines, uses, pass), record =>
        {
            var found = new List<FieldPlace>();
            try
            {
                lines.Find(Encoding.Latin1.GetBytes(record), found);
            }
            catch (UnreadableContentException)
            {
                return false;
            }

            return pass?.TryRun(Encoding.Latin1.GetBytes(record), found.ToArray(), new PlaceState[found.Count]) == true;
        }
        );
    }

    private static (string Text, int Changes) Run(FieldEditor editor, string record)
    {
        var output = new PieceWriter(16);
        try
        {
            var changes = editor.Rewrite(Encoding.Latin1.GetBytes(record), output);
            return (Encoding.Latin1.GetString(output.Written.Span), changes);
        }
        catch (UnreadableContentException refused)
        {
            return (refused.Reason, -1);
        }
    }

    /// <summary>JSON through the library's reader.</summary>
    private sealed class CarefulJson(JsonFields json) : ILineFormat
    {
        public int RecordEnd(ReadOnlySpan<byte> bytes) => json.RecordEnd(bytes);

        public void Find(ReadOnlySpan<byte> record, List<FieldPlace> found) => json.Read(record, found);

        public object? Read(ReadOnlySpan<byte> written) => json.Read(written);

        public PlainKind Plain(ReadOnlySpan<byte> written, out ReadOnlySpan<byte> text) => throw new NotSupportedException();

        public void WritePlain(PlainOutcome outcome, ReadOnlySpan<byte> text, ReadOnlySpan<byte> was, PieceWriter output) =>
            throw new NotSupportedException();

        public void Write(object? value, ReadOnlySpan<byte> was, IBufferWriter<byte> output) => json.Write(value, was, output);

        public int OwnerOf(int owner) => json.OwnerOf(owner);
    }
}
