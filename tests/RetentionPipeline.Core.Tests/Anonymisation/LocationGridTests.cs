using RetentionPipeline.Core.Anonymisation;

namespace RetentionPipeline.Core.Tests.Anonymisation;

/// <summary>
/// A cell is found by asking where the centre changes, and measured by another way than the grid was made: strips of the
/// WGS 84 ellipsoid, each as high as the meridian is curved there and as wide as the parallel.
/// </summary>
public sealed class LocationGridTests
{
    private const double SmallestKm2 = 0.999;
    private const double A = 6378.137;
    private const double E2 = 0.00669437999014132;

    [Fact]
    public void Every_cell_from_pole_to_pole_is_larger_than_the_law_calls_precise()
    {
        var grid = new LocationGrid("lat", "lon", 1.0);
        var (smallest, at) = (double.MaxValue, 0.0);
        for (var step = -9_000; step <= 9_000; step++)
        {
            var latitude = step / 100.0;
            var area = CellAreaKm2(grid, latitude, step % 2 == 0 ? 180 : -179.9999);
            (smallest, at) = area < smallest ? (area, latitude) : (smallest, at);
        }

        Assert.True(smallest > SmallestKm2, $"{smallest} km² at {at}°");

        // Not by far: a cell is no coarser than it must be, but for the poles, where a band has few of them.
        Assert.InRange(smallest, SmallestKm2, 1.01);
        Assert.InRange(CellAreaKm2(grid, 52.52, 13.4), SmallestKm2, 1.02);
    }

    [Theory]
    [InlineData(1.0)]
    [InlineData(25.0)]
    [InlineData(10_000.0)]
    public void What_the_grid_says_of_a_cells_area_is_so(double minimum)
    {
        var grid = new LocationGrid("lat", "lon", minimum);
        for (var latitude = -90.0; latitude <= 90; latitude += 0.37)
        {
            var measured = CellAreaKm2(grid, latitude, 0.1);
            Assert.InRange(measured, minimum * 0.9999, double.MaxValue);
            Assert.InRange(grid.CellAreaKm2(latitude) / measured, 0.999, 1.001);
        }
    }

    [Fact]
    public void A_centre_stays_the_centre_of_its_cell_and_no_position_leaves_the_world()
    {
        var grid = new LocationGrid("lat", "lon", 1.0);
        for (var latitude = -90.0; latitude <= 90; latitude += 0.25)
        {
            foreach (var longitude in new[] { -180, -179.999999, -90.5, -1e-9, 0, 13.4, 179.999999, 180 })
            {
                var centre = grid.CentreOf(latitude, longitude);
                Assert.Equal(centre, grid.CentreOf(centre.Latitude, centre.Longitude));
                Assert.InRange(centre.Latitude, -90, 90);
                Assert.InRange(centre.Longitude, -180, 180);
            }
        }
    }

    [Fact]
    public void Both_sides_of_the_antimeridian_are_cells_of_their_own_and_whole()
    {
        var grid = new LocationGrid("lat", "lon", 1.0);
        foreach (var latitude in new[] { -89.999, -60, 0, 51.2, 89.999 })
        {
            Assert.True(CellAreaKm2(grid, latitude, 179.99999) > SmallestKm2);
            Assert.True(CellAreaKm2(grid, latitude, -179.99999) > SmallestKm2);
        }
    }

    private static double CellAreaKm2(LocationGrid grid, double latitude, double longitude)
    {
        var centre = grid.CentreOf(latitude, longitude);
        var south = Edge(centre.Latitude, -90, at => grid.CentreOf(at, centre.Longitude).Latitude == centre.Latitude);
        var north = Edge(centre.Latitude, 90, at => grid.CentreOf(at, centre.Longitude).Latitude == centre.Latitude);
        var west = Edge(centre.Longitude, -180, at => grid.CentreOf(centre.Latitude, at) == centre);
        var east = Edge(centre.Longitude, 180, at => grid.CentreOf(centre.Latitude, at) == centre);
        const int strips = 16;
        var area = 0.0;
        for (var strip = 0; strip < strips; strip++)
        {
            var middle = double.DegreesToRadians(south + ((strip + 0.5) * (north - south) / strips));
            var w = 1 - (E2 * Math.Sin(middle) * Math.Sin(middle));
            var high = A * (1 - E2) / Math.Pow(w, 1.5) * double.DegreesToRadians((north - south) / strips);
            var wide = A / Math.Sqrt(w) * Math.Cos(middle) * double.DegreesToRadians(east - west);
            area += high * wide;
        }

        return area;
    }

    /// <summary>The last place in one direction that is still inside.</summary>
    private static double Edge(double inside, double limit, Func<double, bool> isInside)
    {
        var outside = limit;
        if (isInside(limit))
        {
            return limit;
        }

        for (var turn = 0; turn < 50; turn++)
        {
            var middle = (inside + outside) / 2;
            (inside, outside) = isInside(middle) ? (middle, outside) : (inside, middle);
        }

        return inside;
    }
}
