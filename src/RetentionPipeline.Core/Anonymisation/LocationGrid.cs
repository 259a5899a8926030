using System.Runtime.CompilerServices;

namespace RetentionPipeline.Core.Anonymisation;

/// <summary>
/// <c>coarsen-location</c>: a grid whose cells have at least the given area at every latitude (on WGS 84). Bands
/// of equal height, each cut into as many equal cells as its area allows; a position becomes the centre of its cell.
/// California calls a location precise that lies inside a circle of 1,850 ft, an area of 0.999 km² (Civ. Code
/// §1798.140(w)).
/// </summary>
public sealed class LocationGrid : IFieldOperator
{
    // WGS 84. On a sphere of the same size a cell near the equator would be 0.45 % smaller than it seems.
    private const double EquatorKm = 6378.137;
    private const double Flattening = 1 / 298.257223563;
    private readonly string latitudeField;
    private readonly string longitudeField;
    private readonly int bands;
    private readonly double minAreaKm2;
    private int[]? counted;

    /// <summary>A grid over two fields in degrees.</summary>
    public LocationGrid(string latitudeField, string longitudeField, double minAreaKm2)
    {
        (this.latitudeField, this.longitudeField, this.minAreaKm2) = (latitudeField, longitudeField, minAreaKm2);
        bands = Math.Max(1, (int)(Math.PI * EquatorKm / Math.Sqrt(minAreaKm2)));
    }

    /// <inheritdoc/>
    public IReadOnlyList<string> Names => [latitudeField, longitudeField];

    /// <inheritdoc/>
    public bool TakesWhole => false;

    /// <inheritdoc/>
    public IEnumerable<KeyValuePair<string, object?>> Apply(IReadOnlyDictionary<string, object?> fields)
    {
        var hasLatitude = fields.TryGetValue(latitudeField, out var latitude) && latitude is not null;
        var hasLongitude = fields.TryGetValue(longitudeField, out var longitude) && longitude is not null;
        if (!hasLatitude && !hasLongitude)
        {
            yield break;
        }

        if (!TryDegrees(latitude, 90, out var north) || !TryDegrees(longitude, 180, out var east))
        {
            // Half a position, or one that cannot be read, cannot be made coarse.
            yield return new(latitudeField, null);
            yield return new(longitudeField, null);
            yield break;
        }

        var centre = CentreOf(north, east);
        yield return new(latitudeField, centre.Latitude);
        yield return new(longitudeField, centre.Longitude);
    }

    /// <summary>The centre of the cell that holds the position.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public (double Latitude, double Longitude) CentreOf(double latitude, double longitude)
    {
        var height = 180.0 / bands;
        var band = Math.Clamp((int)Math.Floor((latitude + 90) / height), 0, bands - 1);
        var cells = Counted(band);
        var width = 360.0 / cells;
        var cell = Math.Clamp((int)Math.Floor((longitude + 180) / width), 0, cells - 1);
        return (Math.Round(((band + 0.5) * height) - 90, 6), Math.Round(((cell + 0.5) * width) - 180, 6));
    }

    /// <summary>Area of the cell that holds the latitude, in km².</summary>
    public double CellAreaKm2(double latitude)
    {
        var band = Math.Clamp((int)Math.Floor((latitude + 90) / (180.0 / bands)), 0, bands - 1);
        return BandArea(band) / CellsOf(band);
    }

    private int CellsOf(int band) => Math.Max(1, (int)Math.Floor(BandArea(band) / minAreaKm2));

    /// <summary>Each band is counted once; two at the same time count the same.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private int Counted(int band)
    {
        counted ??= new int[bands];
        return counted[band] != 0 ? counted[band] : counted[band] = CellsOf(band);
    }

    private double BandArea(int band)
    {
        var height = Math.PI / bands;
        return AreaUpTo(((band + 1) * height) - (Math.PI / 2)) - AreaUpTo((band * height) - (Math.PI / 2));
    }

    /// <summary>
    /// Area of the ellipsoid between the equator and a geodetic latitude (Snyder, Map Projections, USGS 1395, eq. 3-12).
    /// </summary>
    private static double AreaUpTo(double latitude)
    {
        var squared = Flattening * (2 - Flattening);
        var (e, sine) = (Math.Sqrt(squared), Math.Sin(latitude));
        return Math.PI * EquatorKm * EquatorKm * (1 - squared)
            * ((sine / (1 - (squared * sine * sine))) + (Math.Atanh(e * sine) / e));
    }

    private static bool TryDegrees(object? value, double limit, out double degrees)
    {
        degrees = value switch
        {
            double number => number,
            long number => number,
            string text when double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) => number,
            _ => double.NaN,
        };
        return Math.Abs(degrees) <= limit;
    }
}
