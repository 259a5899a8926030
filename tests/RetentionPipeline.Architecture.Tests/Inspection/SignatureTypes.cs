using System.Collections.Immutable;
using System.Reflection.Metadata;

namespace RetentionPipeline.Architecture.Tests.Inspection;

/// <summary>Notes each type that a signature names. The result of decoding itself says nothing.</summary>
internal sealed class SignatureTypes(HashSet<TypeName> seen) : ISignatureTypeProvider<byte, object?>
{
    public byte GetTypeFromDefinition(MetadataReader reader, TypeDefinitionHandle handle, byte rawTypeKind) =>
        Note(TypeNames.OfDefinition(reader, handle));

    public byte GetTypeFromReference(MetadataReader reader, TypeReferenceHandle handle, byte rawTypeKind) =>
        Note(TypeNames.OfReference(reader, handle));

    public byte GetTypeFromSpecification(
        MetadataReader reader, object? genericContext, TypeSpecificationHandle handle, byte rawTypeKind) =>
        reader.GetTypeSpecification(handle).DecodeSignature(this, genericContext);

    public byte GetArrayType(byte elementType, ArrayShape shape) => 0;

    public byte GetByReferenceType(byte elementType) => 0;

    public byte GetFunctionPointerType(MethodSignature<byte> signature) => 0;

    public byte GetGenericInstantiation(byte genericType, ImmutableArray<byte> typeArguments) => 0;

    public byte GetGenericMethodParameter(object? genericContext, int index) => 0;

    public byte GetGenericTypeParameter(object? genericContext, int index) => 0;

    public byte GetModifiedType(byte modifier, byte unmodifiedType, bool isRequired) => 0;

    public byte GetPinnedType(byte elementType) => 0;

    public byte GetPointerType(byte elementType) => 0;

    public byte GetPrimitiveType(PrimitiveTypeCode typeCode) => 0;

    public byte GetSZArrayType(byte elementType) => 0;

    private byte Note(TypeName name)
    {
        seen.Add(name);
        return 0;
    }
}

/// <summary>Names of types, always those of the outermost one.</summary>
internal static class TypeNames
{
    public static TypeName OfDefinition(MetadataReader reader, TypeDefinitionHandle handle)
    {
        var type = reader.GetTypeDefinition(handle);
        return type.GetDeclaringType() is { IsNil: false } outer
            ? OfDefinition(reader, outer)
            : new TypeName(reader.GetString(type.Namespace), WithoutArity(reader.GetString(type.Name)));
    }

    public static TypeName OfReference(MetadataReader reader, TypeReferenceHandle handle)
    {
        var type = reader.GetTypeReference(handle);
        return type.ResolutionScope.Kind == HandleKind.TypeReference
            ? OfReference(reader, (TypeReferenceHandle)type.ResolutionScope)
            : new TypeName(reader.GetString(type.Namespace), WithoutArity(reader.GetString(type.Name)));
    }

    private static string WithoutArity(string name) => name.Split('`')[0];
}
